#include "tests/e2e/arrivals.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxComplaints = 10;
constexpr char kIdKey[] = "{\"id\":";

// What is not as it must be with one delivery, or "".
std::string Complaint(const v1::Delivery& delivery,
                      const std::vector<v1::Attempt>& attempts, int arrivals) {
  int succeeded = 0;
  for (const v1::Attempt& attempt : attempts) {
    succeeded += attempt.outcome() == v1::Attempt::SUCCEEDED;
    if (attempt.outcome() == v1::Attempt::FAILED &&
        attempt.error_class() == v1::Attempt::ERROR_CLASS_UNSPECIFIED) {
      return absl::StrCat(attempt.name(), " failed without a reason");
    }
  }
  if (delivery.state() != v1::Delivery::DELIVERED || succeeded != 1) {
    return absl::StrCat(v1::Delivery::State_Name(delivery.state()), " with ",
                        succeeded, " succeeded attempts");
  }
  if (static_cast<int>(attempts.size()) < arrivals) {
    return absl::StrCat("arrived ", arrivals, " times in ", attempts.size(),
                        " attempts");
  }
  return "";
}

}  // namespace

Arrivals ArrivalsOf(const std::vector<ReceivedMessage>& messages) {
  Arrivals arrivals;
  for (const ReceivedMessage& message : messages) {
    const size_t begin = message.payload.find(kIdKey);
    const std::string id = absl::StrCat(
        "load-",
        begin == std::string::npos
            ? -1
            : std::atoll(message.payload.c_str() + begin + sizeof(kIdKey) - 1));
    if (++arrivals.count[id] == 1) arrivals.first.push_back(id);
  }
  return arrivals;
}

std::vector<std::string> Unexplained(const Arrivals& arrivals,
                                     const TenantHistory& history) {
  std::map<std::string, int> unheard = arrivals.count;
  std::vector<std::string> complaints;
  static const auto* const none = new std::vector<v1::Attempt>;
  for (const v1::Delivery& delivery : history.deliveries) {
    const auto attempts = history.attempts.find(delivery.name());
    const auto count = arrivals.count.find(delivery.event_id());
    const std::string complaint = Complaint(
        delivery, attempts == history.attempts.end() ? *none : attempts->second,
        count == arrivals.count.end() ? 0 : count->second);
    unheard.erase(delivery.event_id());
    if (!complaint.empty()) {
      complaints.push_back(absl::StrCat(delivery.event_id(), ": ", complaint));
    }
  }
  for (const auto& [event_id, count] : unheard) {
    complaints.push_back(absl::StrCat(event_id, ": not in the history"));
  }
  complaints.resize(std::min(complaints.size(), kMaxComplaints));
  return complaints;
}

}  // namespace mqttpush
