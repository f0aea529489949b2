// SqliteConservationAudit: the ConservationAudit of the log.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_AUDIT_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_AUDIT_H_

#include <map>
#include <optional>
#include <vector>

#include "storage/conservation_audit.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/conservation_count.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/sqlite_event_log.h"

namespace mqttpush {

// Counts row by row what is in segments that are not sealed, and takes of
// sealed and dropped ones what was noted when they were. A step is one read
// transaction on the newest segment: over at most kRowsPerStep new rows and,
// once there are no more, over all subscriptions and the exceptions of that
// segment.
class SqliteConservationAudit : public ConservationAudit {
 public:
  static constexpr int kRowsPerStep = 4096;

  // `log` must outlive it.
  explicit SqliteConservationAudit(SqliteEventLog* log)
      : store_(log->store()) {}

  absl::StatusOr<std::optional<ConservationReport>> Step() override;

 private:
  // A closed segment's rows with the exceptions that began in it.
  struct Closed {
    ConservationCount rows;
    absl::flat_hash_map<int64_t, ExceptionTally> exceptions;
    bool counted = false;
  };

  // Counts on in segments that are closed and not sealed; true: all is counted.
  absl::StatusOr<bool> CountClosed(const Segments& segments, int64_t& budget);
  absl::StatusOr<ConservationReport> Compare(
      ReadSession& session, Reader& newest,
      const std::vector<SubscriptionState>& states,
      const ConservationCount::Cursors& cursors);
  // Of what lies before the newest segment.
  SubscriptionTally TallyBefore(
      const Segments& segments,
      const absl::flat_hash_map<int64_t, SubscriptionTally>& dropped,
      int64_t subscription_uid) const;

  SegmentStore* const store_;
  std::map<int64_t, Closed> counts_;  // of unsealed segments, by number
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_AUDIT_H_
