// SqliteConservationAudit: the ConservationAudit of log.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_CONSERVATION_AUDIT_H_
#define MQTTPUSH_STORAGE_SQLITE_CONSERVATION_AUDIT_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/conservation_audit.h"
#include "storage/event_log.h"
#include "storage/sqlite/conservation_count.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Reads with a connection of its own. A step is one read transaction: over at
// most kRowsPerStep new rows and, once there are no more, over all
// subscriptions and all their exceptions.
class SqliteConservationAudit : public ConservationAudit {
 public:
  static constexpr int kRowsPerStep = 4096;

  // `path`: of a file that SqliteEventLog has opened before.
  static absl::StatusOr<std::unique_ptr<SqliteConservationAudit>> Open(
      const std::string& path);

  absl::StatusOr<std::optional<ConservationReport>> Step() override;

 private:
  explicit SqliteConservationAudit(std::unique_ptr<Reader> reader)
      : reader_(std::move(reader)) {}

  absl::StatusOr<std::vector<SubscriptionState>> ReadStates();
  absl::StatusOr<ConservationReport> Compare(
      const std::vector<SubscriptionState>& states);
  absl::Status CompareOne(const SubscriptionState& state,
                          ConservationReport& report);
  // Succeeded ahead of the cursor.
  absl::StatusOr<int64_t> CountAhead(const SubscriptionState& state);

  const std::unique_ptr<Reader> reader_;
  ConservationCount count_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_CONSERVATION_AUDIT_H_
