// Every statement by which the log is read. log_statements_test.cc holds each
// to finding its rows by key: none may scan a table, or sort.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_STATEMENTS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_STATEMENTS_H_

#include "storage/sqlite/log/log_rows.h"

namespace mqttpush {

// ---- rows, by number ------------------------------------------------------

inline constexpr char kEventSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    ", length(payload) FROM event WHERE seq = ?";
inline constexpr char kEventWithPayloadSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS ", payload FROM event WHERE seq = ?";
inline constexpr char kEventFactsSql[] =
    "SELECT tenant_uid, asset_id, object_type, accept_time_us, "
    "length(payload) FROM event WHERE seq = ?";
inline constexpr char kAcceptTimeSql[] =
    "SELECT accept_time_us FROM event WHERE seq = ?";
inline constexpr char kAttemptSql[] =
    "SELECT " MQTTPUSH_ATTEMPT_COLUMNS ", " MQTTPUSH_RECORDING_COLUMNS
    " FROM attempt WHERE attempt_seq = ?";
inline constexpr char kRecordedTicksSql[] =
    "SELECT recorded_ticks FROM attempt WHERE attempt_seq = ?";
inline constexpr char kRecordedHoursSql[] =
    "SELECT hour FROM recorded_hour "
    "WHERE tenant_uid = ? AND hour BETWEEN ? AND ? ORDER BY hour";
inline constexpr char kExceptionSql[] =
    "SELECT " MQTTPUSH_EXCEPTION_COLUMNS
    " FROM delivery_exception "
    "WHERE tenant_uid = ? AND event_seq = ? AND subscription_uid = ?";

// What a subscription took while this was the newest segment.
inline constexpr char kAcceptedSql[] =
    "SELECT total(accepted), total(accepted_bytes) FROM stats_minute "
    "WHERE subscription_uid = ?";

// ---- the index of a sealed segment ----------------------------------------

inline constexpr char kBlocksBeforeSql[] =
    "SELECT first_key, first_order, first_row, postings FROM index_block "
    "WHERE dimension = ?1 "
    "AND (first_key, first_order, first_row) < (?2, ?3, ?4) "
    "ORDER BY first_key DESC, first_order DESC, first_row DESC";
inline constexpr char kBlockAtSql[] =
    "SELECT first_key, first_order, first_row FROM index_block "
    "WHERE dimension = ?1 "
    "AND (first_key, first_order, first_row) <= (?2, ?3, ?4) "
    "ORDER BY first_key DESC, first_order DESC, first_row DESC LIMIT 1";
inline constexpr char kBlocksFromSql[] =
    "SELECT first_key, first_order, first_row, postings FROM index_block "
    "WHERE dimension = ?1 "
    "AND (first_key, first_order, first_row) >= (?2, ?3, ?4) "
    "ORDER BY first_key, first_order, first_row";

// ---- the audit, in the newest segment --------------------------------------

inline constexpr char kEventsAfterSql[] =
    "SELECT seq, subscription_uids FROM event WHERE seq > ? "
    "ORDER BY seq LIMIT ?";
inline constexpr char kAttemptsAfterSql[] =
    "SELECT attempt_seq, subscription_uid, event_seq, succeeded FROM attempt "
    "WHERE attempt_seq > ? ORDER BY attempt_seq LIMIT ?";

// All of them, for the test.
inline constexpr const char* kLogStatements[] = {
    kEventSql,         kEventWithPayloadSql, kEventFactsSql,    kAcceptTimeSql,
    kAttemptSql,       kRecordedTicksSql,    kRecordedHoursSql, kExceptionSql,
    kBlocksBeforeSql,  kBlockAtSql,          kBlocksFromSql,    kEventsAfterSql,
    kAttemptsAfterSql, kAcceptedSql};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_STATEMENTS_H_
