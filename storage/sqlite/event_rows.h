// How events and attempts lie in their rows: one column list and one reader
// for each, shared by all queries of log.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_EVENT_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_EVENT_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Without the payload, which is the one large column.
#define MQTTPUSH_EVENT_COLUMNS                                              \
  "event.seq, event.tenant_uid, event.event_id, event.object_type, "        \
  "event.object_id, event.asset_id, event.owner_id, event.accept_time_us, " \
  "event.subscription_uids"
inline constexpr int kEventColumnCount = 9;

#define MQTTPUSH_ATTEMPT_COLUMNS                                    \
  "attempt.subscription_uid, attempt.event_seq, attempt.number, "   \
  "attempt.start_time_us, attempt.duration_us, attempt.topic, "     \
  "attempt.qos, attempt.succeeded, attempt.error_class, "           \
  "attempt.error_message, attempt.reason_code, attempt.packet_id, " \
  "attempt.duplicate_flag, attempt.session_present, "               \
  "attempt.broker_address, attempt.subscription_revision, "         \
  "attempt.broker_revision, "                                       \
  "coalesce(attempt.requested_qos, attempt.qos), "                  \
  "attempt.reason_string, attempt.warning, attempt.connection, "    \
  "attempt.pubrec_time_us, attempt.ack_time_us"
inline constexpr int kAttemptColumnCount = 23;

// Reads the columns above, which begin at column `first`.
EventRecord ReadEventColumns(const Statement& row, int first);
AttemptRecord ReadAttemptColumns(const Statement& row, int first);

// ",3,17,": so that a search for ",3," finds exactly uid 3.
std::string EncodeSubscriptionUids(const Route& route);
std::vector<int64_t> DecodeSubscriptionUids(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_EVENT_ROWS_H_
