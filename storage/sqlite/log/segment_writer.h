// SegmentWriter: writes the rows of the newest segment.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_WRITER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/event_log.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment_summary.h"
#include "storage/sqlite/log/stats_rows.h"

namespace mqttpush {

using Tallies = absl::flat_hash_map<int64_t, SubscriptionTally>;

// What retention has dropped so far.
struct DroppedSegments {
  // At least those of the last time, whose files may still be there, and those
  // after the oldest segment.
  std::vector<int64_t> numbers;
  // By subscription; less what of other segments does not count any more,
  // because the delivery was sent again.
  Tallies tallies;
};

// With what a segment begins.
struct SegmentBeginning {
  int64_t first_event_seq = 1;
  int64_t first_attempt_seq = 1;
  absl::Time create_time;
  absl::Time last_accept_time = absl::UnixEpoch();
  int64_t last_recorded_ticks = 0;
  std::vector<SubscriptionRecovery> subscriptions;
  DroppedSegments dropped;
};

// Thread-compatible.
class SegmentWriter {
 public:
  // Makes the file, which exists as a segment from the commit of its beginning
  // on; what a crash left of an earlier try is removed. An error leaves no
  // file.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(
      const std::string& path, const SegmentBeginning& beginning);
  // Goes on with a segment that is not sealed.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Resume(
      const std::string& path);

  // All that is written between Begin and Commit is there together or not at
  // all. Without Commit it is gone with the next Begin.
  absl::Status Begin();
  absl::Status Commit();
  void Rollback();

  absl::Status WriteEvent(int64_t seq, const NewEvent& event,
                          absl::Time accept_time);
  absl::Status AddAccepted(const SubscriptionRef& subscription,
                           int64_t tenant_uid, int64_t first_seq,
                           int64_t count);
  absl::Status WriteAttempt(int64_t attempt_seq, int64_t tenant_uid,
                            const AttemptRecord& attempt,
                            const AttemptRecording& recording);
  // A delivery that is over is written as kDelivered.
  absl::Status WriteException(int64_t tenant_uid, int64_t subscription_uid,
                              const DeliveryException& exception,
                              bool carried = false);
  absl::Status UpdateSubscription(const DeliveryUpdate& update);
  absl::Status AddStats(const StatsOfCommit& stats);

  // Whether the delivery is PARKED by a row that began in this segment.
  absl::StatusOr<bool> ParkedHere(int64_t tenant_uid, int64_t event_seq,
                                  int64_t subscription_uid);
  // Adds to the tallies of what is noted of dropped segments.
  absl::Status AddToDropped(const Tallies& tallies);

  // Replaces what is noted of dropped segments.
  absl::Status WriteDropped(const DroppedSegments& dropped);

  // For who seals it, once nothing is written any more. Nothing of this uses
  // the database after that, so that another thread may.
  Database TakeDatabase() &&;

 private:
  explicit SegmentWriter(Database db) : db_(std::move(db)) {}
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Open(
      const std::string& path);
  absl::Status WriteBeginning(const SegmentBeginning& beginning);
  absl::Status CarryOver(const SubscriptionRecovery& recovery);
  bool HasSlot(const StatsOfCommit::TopicTally& tally);
  absl::Status NoteHour(int64_t tenant_uid, int64_t recorded_ticks);

  Database db_;
  std::unique_ptr<Transaction> transaction_;
  std::unique_ptr<Statement> insert_event_;
  std::unique_ptr<Statement> add_accepted_;
  std::unique_ptr<Statement> insert_attempt_;
  std::unique_ptr<Statement> note_hour_;
  std::unique_ptr<Statement> put_exception_;
  std::unique_ptr<Statement> update_subscription_;
  std::unique_ptr<Statement> add_minute_;
  std::unique_ptr<Statement> add_topic_;
  // A commit that failed leaves its topics what they took: they come again.
  TopicSlots topic_slots_;
  // By tenant, the last one noted.
  absl::flat_hash_map<int64_t, int64_t> noted_hours_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_WRITER_H_
