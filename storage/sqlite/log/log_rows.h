// How events, attempts, exceptions and subscriptions lie in the rows of a
// segment: one column list, one reader and one writer for each.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {

// Without the payload, which is the one large column.
#define MQTTPUSH_EVENT_COLUMNS                                    \
  "seq, tenant_uid, event_id, object_type, object_id, asset_id, " \
  "owner_id, accept_time_us, subscription_uids"
inline constexpr int kEventColumnCount = 9;
EventRecord ReadEventColumns(const Statement& row);

#define MQTTPUSH_ATTEMPT_COLUMNS                                             \
  "attempt_seq, tenant_uid, subscription_uid, event_seq, number, "           \
  "start_time_us, duration_us, topic, qos, requested_qos, succeeded, "       \
  "error_class, error_message, reason_code, reason_string, warning, "        \
  "packet_id, duplicate_flag, session_present, broker_address, connection, " \
  "pubrec_time_us, ack_time_us, subscription_revision, broker_revision, "    \
  "manual"
#define MQTTPUSH_ATTEMPT_PARAMETERS                                          \
  "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " \
  "?, ?"
// The attempt_seq and the tenant are columns 0 and 1.
AttemptRecord ReadAttemptColumns(const Statement& row);
// `attempt` must stay until the statement has run.
void BindAttempt(int64_t attempt_seq, int64_t tenant_uid,
                 const AttemptRecord& attempt, Statement* insert);

// What follows them in a segment.
#define MQTTPUSH_RECORDING_COLUMNS "recorded_ticks, ended, next_attempt_time_us"
#define MQTTPUSH_RECORDING_PARAMETERS "?, ?, ?"
AttemptRecording ReadRecordingColumns(const Statement& row);
void BindRecording(const AttemptRecording& recording, Statement* insert);

#define MQTTPUSH_EXCEPTION_COLUMNS                                         \
  "tenant_uid, event_seq, subscription_uid, state, reason, time_us, "      \
  "sent, answered, attempt_count, rejection_count, next_attempt_time_us, " \
  "lifetime_us, wait_cause, carried"
#define MQTTPUSH_EXCEPTION_PARAMETERS "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
// A state of kDelivered: it is over.
DeliveryException ReadExceptionColumns(const Statement& row);
void BindException(int64_t tenant_uid, int64_t subscription_uid,
                   const DeliveryException& exception, bool carried,
                   Statement* insert);

#define MQTTPUSH_SUBSCRIPTION_COLUMNS                              \
  "uid, tenant_uid, subscription_id, cursor, sent_through, "       \
  "accepted_count, delivered_count, parked_count, expired_count, " \
  "discarded_count"
#define MQTTPUSH_SUBSCRIPTION_PARAMETERS "?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
// Without the retrying_count.
SubscriptionState ReadSubscriptionColumns(const Statement& row);
// `state` must stay until the statement has run.
void BindSubscription(const SubscriptionState& state, Statement* insert);

// The uid, then the counts of a tally.
#define MQTTPUSH_TALLY_COLUMNS                                   \
  "subscription_uid, event_count, success_count, parked_count, " \
  "expired_count, discarded_count"
SubscriptionTally ReadTallyCounts(const Statement& row);
void BindTallyCounts(int64_t subscription_uid, const SubscriptionTally& tally,
                     Statement* insert);
inline constexpr char kDroppedTalliesSql[] =
    "SELECT " MQTTPUSH_TALLY_COLUMNS " FROM dropped_tally";

// ",3,17,"
std::string EncodeSubscriptionUids(const Route& route);
std::vector<int64_t> DecodeSubscriptionUids(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_ROWS_H_
