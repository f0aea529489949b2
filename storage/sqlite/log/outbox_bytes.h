// The payload bytes of the deliveries that have not ended, when the log is
// opened: they are in no row, because every commit would have to write them.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_OUTBOX_BYTES_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_OUTBOX_BYTES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// Of one subscription. Whole segments of what waits cost a row for each minute
// that they have; of the others each event is looked at. What was lost with a
// damaged segment counts as nothing.
absl::StatusOr<int64_t> CountOutboxBytes(const SubscriptionRecovery& recovery,
                                         ReadSession& session);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_OUTBOX_BYTES_H_
