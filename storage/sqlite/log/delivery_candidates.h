// DeliveryCandidates: the events whose deliveries may answer a query, in the
// order of their acceptance, from either end.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_CANDIDATES_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_CANDIDATES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/history_reader.h"
#include "storage/sqlite/log/posting_cursor.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// Which postings to walk for a query, one after the other, newest first.
// `newest` and `oldest` bound the event seqs; at or below `open_cursor` every
// delivery of the tenant is over, or an exception. Pure.
std::vector<PostingQuery> PlanDeliveries(
    const HistoryQuery& query, const std::vector<DeliveryState>& states,
    int64_t newest, int64_t oldest, int64_t open_cursor);

// For one call. Thread-compatible.
class DeliveryCandidates {
 public:
  // `session` must outlive it.
  DeliveryCandidates(ReadSession* session, std::vector<PostingQuery> plan,
                     Direction direction = Direction::kNewestFirst);

  // The seq of the next event, each once; nullopt at the end.
  absl::StatusOr<std::optional<int64_t>> Next();

 private:
  ReadSession* const session_;
  const Direction direction_;
  std::vector<PostingQuery> plan_;  // in the direction
  size_t next_query_ = 0;
  std::unique_ptr<PostingCursor> cursor_;
  std::optional<int64_t> last_seq_;
};

// The seq of the first event accepted at or after `time`; accept times never
// decrease with seq, so a range of times is a range of seqs.
absl::StatusOr<int64_t> FirstSeqAt(ReadSession& session, absl::Time time);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_CANDIDATES_H_
