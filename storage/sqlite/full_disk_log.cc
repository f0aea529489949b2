#include "storage/sqlite/full_disk_log.h"

#include <utility>

#include "common/logging.h"
#include "common/steady_time.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

FullDiskLog::FullDiskLog(std::unique_ptr<EventLog> log, DiskReserve reserve,
                         absl::Duration look_interval)
    : look_interval_(look_interval),
      reserve_(std::move(reserve)),
      no_room_(reserve_.Take()),
      next_look_(SteadyNow() + look_interval),
      log_(std::move(log)) {
  if (!no_room_.ok()) {
    Log::Error("disk_full", {{"error", no_room_.message()}});
  }
}

void FullDiskLog::Append(std::vector<NewEvent> events, AppendDone done) {
  if (absl::Status admitted = Admit(); !admitted.ok()) return done(admitted);
  log_->Append(std::move(events),
               [this, done = std::move(done)](auto outcomes) {
                 AppendEnded(outcomes.status());
                 done(std::move(outcomes));
               });
}

void FullDiskLog::Commit(std::vector<DeliveryUpdate> updates, CommitDone done) {
  log_->Commit(std::move(updates),
               [this, done = std::move(done)](absl::Status status) {
                 {
                   MutexLock lock(&mutex_);
                   NoteWrite(status);
                 }
                 done(std::move(status));
               });
}

absl::Status FullDiskLog::Admit() {
  MutexLock lock(&mutex_);
  if (!no_room_.ok() && SteadyNow() >= next_look_) {
    next_look_ = SteadyNow() + look_interval_;
    if (reserve_.Take().ok()) {
      Log::Info("disk_has_room");
      no_room_ = absl::OkStatus();
    }
  }
  if (no_room_.ok()) ++appends_;
  return no_room_;
}

void FullDiskLog::AppendEnded(const absl::Status& status) {
  MutexLock lock(&mutex_);
  --appends_;
  NoteWrite(status);
}

void FullDiskLog::NoteWrite(const absl::Status& status) {
  if (!status.ok() && no_room_.ok() && SaysNoRoom(status)) {
    Log::Error("disk_full", {{"error", status.message()}});
    no_room_ = status;
    next_look_ = SteadyNow() + look_interval_;
  }
  // Not before, or those under way would take what was kept from them.
  if (!no_room_.ok() && appends_ == 0) reserve_.GiveUp();
}

void FullDiskLog::SetAppendListener(AppendListener listener) {
  log_->SetAppendListener(std::move(listener));
}

absl::StatusOr<SubscriptionState> FullDiskLog::GetSubscriptionState(
    int64_t subscription_uid) {
  return log_->GetSubscriptionState(subscription_uid);
}

absl::StatusOr<SubscriptionRecovery> FullDiskLog::Recover(
    int64_t subscription_uid) {
  return log_->Recover(subscription_uid);
}

absl::StatusOr<std::vector<SubscriptionState>> FullDiskLog::ListUndelivered() {
  return log_->ListUndelivered();
}

Outbox FullDiskLog::GetOutbox(int64_t tenant_uid) const {
  return log_->GetOutbox(tenant_uid);
}

absl::StatusOr<EventLog::NextEvents> FullDiskLog::ReadNext(
    int64_t tenant_uid, int64_t subscription_uid, int64_t after_seq,
    int limit) {
  return log_->ReadNext(tenant_uid, subscription_uid, after_seq, limit);
}

absl::StatusOr<EventRecord> FullDiskLog::ReadEvent(int64_t seq) {
  return log_->ReadEvent(seq);
}

absl::StatusOr<EventHold> FullDiskLog::HoldEvent(int64_t seq) {
  return log_->HoldEvent(seq);
}

}  // namespace mqttpush
