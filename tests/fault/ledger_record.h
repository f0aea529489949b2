// LedgerRecord: what the ledger wrote down, and the form of its file.
#ifndef MQTTPUSH_TESTS_FAULT_LEDGER_RECORD_H_
#define MQTTPUSH_TESTS_FAULT_LEDGER_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush::fault {

// An event that the service accepted.
struct Acceptance {
  std::string tenant;  // "v4"
  std::string event_id;
  int64_t number = 0;   // the object's id
  uint64_t digest = 0;  // of the payload
};

// A message that a subscriber received.
struct Arrival {
  int broker = 0;  // which mosquitto
  std::string topic;
  int qos = 0;
  int64_t number = 0;  // -1 when the payload holds none
  uint64_t digest = 0;
};

struct LedgerRecord {
  std::vector<Acceptance> accepted;  // in order
  std::vector<Arrival> arrivals;     // in order
};

// One line of the file, and its reading.
std::string LineOf(const Acceptance& acceptance);
std::string LineOf(const Arrival& arrival);
// INVALID_ARGUMENT with the first line that is none.
absl::StatusOr<LedgerRecord> ParseLedger(absl::string_view text);

// FNV-1a, which is the same in every process.
uint64_t DigestOf(absl::string_view bytes);
// The number at `"id":` of an object; -1 when there is none.
int64_t NumberOf(absl::string_view payload);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_LEDGER_RECORD_H_
