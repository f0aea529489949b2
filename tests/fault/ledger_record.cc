#include "tests/fault/ledger_record.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush::fault {
namespace {

constexpr absl::string_view kIdKey = "\"id\":";

bool Parse(const std::vector<std::string>& words, LedgerRecord& record) {
  if (words.size() == 5 && words[0] == "accepted") {
    Acceptance entry{.tenant = words[1], .event_id = words[2]};
    record.accepted.push_back(entry);
    return absl::SimpleAtoi(words[3], &record.accepted.back().number) &&
           absl::SimpleAtoi(words[4], &record.accepted.back().digest);
  }
  if (words.size() == 6 && words[0] == "received") {
    record.arrivals.push_back({.topic = words[2]});
    Arrival& entry = record.arrivals.back();
    return absl::SimpleAtoi(words[1], &entry.broker) &&
           absl::SimpleAtoi(words[3], &entry.qos) &&
           absl::SimpleAtoi(words[4], &entry.number) &&
           absl::SimpleAtoi(words[5], &entry.digest);
  }
  return false;
}

}  // namespace

std::string LineOf(const Acceptance& a) {
  return absl::StrCat("accepted ", a.tenant, " ", a.event_id, " ", a.number,
                      " ", a.digest, "\n");
}

std::string LineOf(const Arrival& a) {
  return absl::StrCat("received ", a.broker, " ", a.topic, " ", a.qos, " ",
                      a.number, " ", a.digest, "\n");
}

absl::StatusOr<LedgerRecord> ParseLedger(absl::string_view text) {
  LedgerRecord record;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (!Parse(absl::StrSplit(line, ' '), record)) {
      return absl::InvalidArgumentError(absl::StrCat("ledger: ", line));
    }
  }
  return record;
}

uint64_t DigestOf(absl::string_view bytes) {
  uint64_t digest = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    digest = (digest ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  }
  return digest;
}

int64_t NumberOf(absl::string_view payload) {
  const size_t key = payload.find(kIdKey);
  if (key == absl::string_view::npos) return -1;
  const absl::string_view rest = payload.substr(key + kIdKey.size());
  int64_t number = -1;
  const bool is_number =
      absl::SimpleAtoi(rest.substr(0, rest.find_first_of(",}")), &number);
  return is_number ? number : -1;
}

}  // namespace mqttpush::fault
