// What the queries of attempts have in common, whatever their order: which
// attempts match, and what is told of one.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_

#include <optional>
#include <string>

#include "storage/history_reader.h"
#include "storage/sqlite/log/attempt_candidates.h"

namespace mqttpush {

// Whether an attempt of the tenant matches, as far as its own row says; its
// event may still not. Times are looked at by the index.
bool Matches(const HistoryQuery& query, std::optional<bool> succeeded,
             const AttemptRecord& attempt);
// Whether its event does; absent: what it was is not known any more.
bool Matches(const HistoryQuery& query,
             const std::optional<EventRecord>& event);

AttemptRow ToRow(CandidateAttempt candidate, std::string subscription_id);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_
