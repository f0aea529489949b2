// SqliteHistoryReader: the HistoryReader over log.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_SQLITE_HISTORY_READER_H_
#define MQTTPUSH_STORAGE_SQLITE_SQLITE_HISTORY_READER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/history_reader.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Thread-safe.
class SqliteHistoryReader : public HistoryReader {
 public:
  // The file must exist, migrated: open the SqliteEventLog first.
  static absl::StatusOr<std::unique_ptr<SqliteHistoryReader>> Open(
      const std::string& path);

  absl::StatusOr<DeliveryPage> ListDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) override;
  absl::StatusOr<DeliveryRow> GetDelivery(int64_t tenant_uid, DeliveryKey key,
                                          const StateOverlay& overlay) override;
  absl::StatusOr<AttemptPage> ListAttempts(const HistoryQuery& query,
                                           std::optional<bool> succeeded,
                                           std::optional<AttemptKey> after,
                                           int limit) override;

 private:
  explicit SqliteHistoryReader(std::unique_ptr<ReaderPool> readers)
      : readers_(std::move(readers)) {}

  const std::unique_ptr<ReaderPool> readers_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_SQLITE_HISTORY_READER_H_
