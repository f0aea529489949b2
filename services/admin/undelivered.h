// What the deletion of a subscription would drop.
#ifndef MQTTPUSH_SERVICES_ADMIN_UNDELIVERED_H_
#define MQTTPUSH_SERVICES_ADMIN_UNDELIVERED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "storage/records.h"

namespace mqttpush {

struct Undelivered {
  std::string subscription;  // its name
  // As of now; LOG_UNAVAILABLE when the log cannot be read.
  absl::StatusOr<int64_t> count = 0;
  int64_t parked_count = 0;  // of these
};
Undelivered ReadUndelivered(const ConfigSnapshot& snapshot,
                            const SubscriptionRecord& subscription,
                            EventLog* log);

// Writes one line for each that had some, after a deletion by force. Parked
// ones stay PARKED and are told apart. Of those that were in flight some may
// still arrive; the history tells each.
void LogDiscarded(const std::vector<Undelivered>& dropped);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_UNDELIVERED_H_
