// FullDiskLog: an EventLog that goes on with what it has accepted when the disk
// is full.
//
// What is sent is noted first, and how it ended is written down: both need
// room, so a reserve is held for them. When a write finds no room, no further
// event is taken, and once those under way have their answer the reserve is
// given up. When there is room for the reserve again, events are taken again.
#ifndef MQTTPUSH_STORAGE_SQLITE_FULL_DISK_LOG_H_
#define MQTTPUSH_STORAGE_SQLITE_FULL_DISK_LOG_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "storage/event_log.h"
#include "storage/sqlite/disk_reserve.h"

namespace mqttpush {

// Thread-safe. Append may call `done` before it returns.
class FullDiskLog : public EventLog {
 public:
  // Takes the reserve; without room for it, no event is accepted until there
  // is. Looks for room with an Append, at most once in `look_interval`.
  FullDiskLog(std::unique_ptr<EventLog> log, DiskReserve reserve,
              absl::Duration look_interval = absl::Seconds(1));

  void Append(std::vector<NewEvent> events, AppendDone done) override;
  void Commit(std::vector<DeliveryUpdate> updates, CommitDone done) override;
  void SetAppendListener(AppendListener listener) override;
  absl::StatusOr<SubscriptionState> GetSubscriptionState(
      int64_t subscription_uid) override;
  absl::StatusOr<SubscriptionRecovery> Recover(
      int64_t subscription_uid) override;
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override;
  Outbox GetOutbox(int64_t tenant_uid) const override;
  absl::StatusOr<NextEvents> ReadNext(int64_t tenant_uid,
                                      int64_t subscription_uid,
                                      int64_t after_seq, int limit) override;
  absl::StatusOr<EventRecord> ReadEvent(int64_t seq) override;
  absl::StatusOr<EventHold> HoldEvent(int64_t seq) override;

 private:
  // OK: the events may go to the log, and are counted as under way.
  absl::Status Admit();
  void AppendEnded(const absl::Status& status);
  void NoteWrite(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration look_interval_;
  Mutex mutex_;
  DiskReserve reserve_ ABSL_GUARDED_BY(mutex_);
  absl::Status no_room_ ABSL_GUARDED_BY(mutex_);  // OK: there is
  absl::Duration next_look_ ABSL_GUARDED_BY(mutex_);
  int appends_ ABSL_GUARDED_BY(mutex_) = 0;  // under way
  // Last: its writer calls back until it has gone.
  const std::unique_ptr<EventLog> log_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_FULL_DISK_LOG_H_
