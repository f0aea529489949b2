// AttemptCandidates: the attempts that may answer a query, newest first.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_CANDIDATES_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_CANDIDATES_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/history_reader.h"
#include "storage/sqlite/log/delivery_lookup.h"
#include "storage/sqlite/log/posting_cursor.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// An attempt with its seq, and its event unless that is not in the log any
// more.
struct CandidateAttempt {
  AttemptKey key;
  AttemptRecord attempt;
  std::optional<EventRecord> event;
};

// The postings to walk for a query that names no event. Pure.
PostingQuery PlanAttempts(const HistoryQuery& query,
                          std::optional<bool> succeeded,
                          std::optional<AttemptKey> after);

// Whether it names its events, by seq or id; these are few.
inline bool NamesEvent(const HistoryQuery& query) {
  return query.event_seq.has_value() || !query.event_id.empty();
}
// Those events, as far as they are in the log.
absl::StatusOr<std::vector<EventRecord>> FindNamedEvents(
    ReadSession& session, const HistoryQuery& query);

// For one call. Thread-compatible.
class AttemptCandidates {
 public:
  // `session` and `lookup` must outlive it. A query that names an event, by seq
  // or id, reads all its attempts at once: they are few.
  static absl::StatusOr<AttemptCandidates> Make(
      ReadSession* session, DeliveryLookup* lookup, const HistoryQuery& query,
      std::optional<bool> succeeded, std::optional<AttemptKey> after);

  // nullopt at the end.
  absl::StatusOr<std::optional<CandidateAttempt>> Next();

 private:
  explicit AttemptCandidates(ReadSession* session) : session_(session) {}
  absl::Status ReadNamed(DeliveryLookup& lookup, const HistoryQuery& query);
  absl::Status ReadAttemptsOf(DeliveryLookup& lookup, const EventRecord& event);

  ReadSession* const session_;
  std::optional<PostingCursor> cursor_;
  std::vector<CandidateAttempt> named_;  // the next one last
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_CANDIDATES_H_
