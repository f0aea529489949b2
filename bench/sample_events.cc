#include "bench/sample_events.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "demo/fleet.h"

namespace mqttpush::bench {

absl::StatusOr<SampleEvents> SampleEvents::Load(const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const auto fleet, demo::LoadFleet(path));
  SampleEvents events;
  for (const demo::FleetEvent& event : fleet) {
    const size_t owner = event.payload.find(event.owner_id);
    if (event.payload.size() > kPayloadBytes || owner == std::string::npos ||
        event.owner_id.size() != OwnerId(0).size()) {
      continue;
    }
    std::string after = event.payload.substr(owner + event.owner_id.size());
    after.insert(after.size() - 1, kPayloadBytes - event.payload.size(), ' ');
    events.samples_.push_back(
        {event.object_type, event.payload.substr(0, owner), std::move(after)});
  }
  if (!events.samples_.empty()) return events;
  return absl::NotFoundError(absl::StrCat(path, ": no event that fits"));
}

std::string SampleEvents::Payload(int64_t number, int tenant) const {
  const Sample& sample = samples_[number % samples_.size()];
  return absl::StrCat(sample.before, OwnerId(tenant), sample.after);
}

std::string SampleEvents::Topic(int64_t number, int tenant) const {
  const Sample& sample = samples_[number % samples_.size()];
  return absl::StrCat("bench/", OwnerId(tenant), "/",
                      demo::TopicName(sample.object_type));
}

v1::Event SampleEvents::Make(int64_t number, int tenant) const {
  v1::Event event;
  event.set_event_id(
      absl::StrCat(number, "-", absl::ToUnixMicros(absl::Now())));
  event.set_object_type(samples_[number % samples_.size()].object_type);
  event.set_payload(Payload(number, tenant));
  return event;
}

// As long as those of the fleet.
std::string OwnerId(int tenant) {
  return absl::StrFormat("660e8400-e29b-41d4-a716-%012d", tenant);
}

absl::Time MadeAt(const std::string& event_id) {
  int64_t micros = 0;
  if (!absl::SimpleAtoi(event_id.substr(event_id.rfind('-') + 1), &micros)) {
    return absl::InfinitePast();
  }
  return absl::FromUnixMicros(micros);
}

}  // namespace mqttpush::bench
