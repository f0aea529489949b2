// ConservationAudit: whether the counters of every subscription agree with what
// the log holds, so that nothing can be lost without notice.
//
// For each subscription
//   accepted = delivered + waiting + retrying + parked + expired + discarded,
// where waiting includes what is in flight. The left and the right side of each
// count come from different places: one is kept with the subscription's state,
// the other is counted from events, attempts and exceptions.
#ifndef MQTTPUSH_STORAGE_CONSERVATION_AUDIT_H_
#define MQTTPUSH_STORAGE_CONSERVATION_AUDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mqttpush {

// One count on which the two sides differ.
struct ConservationDifference {
  int64_t subscription_uid = 0;
  int64_t tenant_uid = 0;
  std::string subscription_id;
  // "accepted", "delivered", "parked", "expired", "discarded" or "waiting".
  std::string count;
  int64_t stated = 0;   // by the subscription's state
  int64_t counted = 0;  // in the log
  bool operator==(const ConservationDifference&) const = default;
};

// All subscriptions, deleted ones among them, at one moment.
struct ConservationReport {
  int64_t subscriptions = 0;
  int64_t events = 0;    // in the log
  int64_t attempts = 0;  // in the log
  // By subscription_uid, then in the order of the words above.
  std::vector<ConservationDifference> differences;
};

// Thread-compatible: one thread at a time, beside all writers.
class ConservationAudit {
 public:
  virtual ~ConservationAudit() = default;

  // Does a bounded part of the counting; nullopt: there is more, call again.
  // Once all that is in the log has been counted, compares and returns what it
  // found. What was counted is kept: a later call counts only what is new.
  // UNAVAILABLE when the log cannot be read; call again.
  virtual absl::StatusOr<std::optional<ConservationReport>> Step() = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_CONSERVATION_AUDIT_H_
