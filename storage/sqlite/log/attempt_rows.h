// What the queries of attempts have in common, whatever their order: which
// attempts match, and what is told of one.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_

#include <optional>

#include "storage/history_reader.h"
#include "storage/sqlite/log/attempt_candidates.h"
#include "storage/sqlite/log/delivery_lookup.h"

namespace mqttpush {

// Whether an attempt matches, as far as its own row says; its event may still
// not. Times are looked at by the index.
bool Matches(const HistoryQuery& query, std::optional<bool> succeeded,
             const DeliveryLookup& lookup, const AttemptRecord& attempt);
// Whether its event does; absent: what it was is not known any more.
bool Matches(const HistoryQuery& query,
             const std::optional<EventRecord>& event);

AttemptRow ToRow(CandidateAttempt candidate, const DeliveryLookup& lookup);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_ROWS_H_
