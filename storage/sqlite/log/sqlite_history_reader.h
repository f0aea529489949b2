// SqliteHistoryReader: the HistoryReader over the segments of the log.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_HISTORY_READER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_HISTORY_READER_H_

#include <memory>
#include <vector>

#include "storage/history_reader.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/sqlite_event_log.h"

namespace mqttpush {

// Each query walks the postings of the dimension that promises the fewest rows
// (delivery_candidates.h, attempt_candidates.h), reads these rows, and holds
// them to all that was asked for. Thread-safe.
class SqliteHistoryReader : public HistoryReader {
 public:
  // `log` must outlive it.
  explicit SqliteHistoryReader(SqliteEventLog* log) : store_(log->store()) {}

  LogExtent GetExtent() override;
  absl::StatusOr<DeliveryPage> ListDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) override;
  absl::StatusOr<DeliveryPage> WalkDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) override;
  absl::StatusOr<DeliveryRow> GetDelivery(int64_t tenant_uid, DeliveryKey key,
                                          const StateOverlay& overlay) override;
  absl::StatusOr<int64_t> CountAhead(int64_t subscription_uid,
                                     int64_t event_seq) override;
  absl::StatusOr<AttemptPage> ListAttempts(const HistoryQuery& query,
                                           std::optional<bool> succeeded,
                                           std::optional<AttemptKey> after,
                                           int limit) override;
  absl::StatusOr<std::unique_ptr<AttemptFollower>> FollowAttempts(
      const HistoryQuery& query, std::optional<bool> succeeded,
      std::optional<int64_t> after, bool live) override;

 private:
  SegmentStore* const store_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_HISTORY_READER_H_
