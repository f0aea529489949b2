#include "workers/dispatch/commit_queue.h"

#include <iterator>
#include <utility>

#include "common/logging.h"

namespace mqttpush {

void CommitQueue::Add(std::vector<DeliveryUpdate> updates,
                      std::function<void()> committed) {
  next_.insert(next_.end(), std::make_move_iterator(updates.begin()),
               std::make_move_iterator(updates.end()));
  next_committed_.push_back(std::move(committed));
  if (!busy_) WriteNext();
}

int64_t CommitQueue::CountEnding(
    const std::function<bool(int64_t uid)>& counts) const {
  int64_t ending = 0;
  for (const auto* updates : {&writing_, &next_}) {
    for (const DeliveryUpdate& update : *updates) {
      if (!counts(update.subscription_uid)) continue;
      ending += update.newly_delivered + update.newly_parked +
                update.newly_expired + update.newly_discarded;
    }
  }
  return ending;
}

void CommitQueue::WhenIdle(std::function<void()> idle) {
  if (!busy_) return idle();
  idle_.push_back(std::move(idle));
}

void CommitQueue::WriteNext() {
  busy_ = true;
  writing_.swap(next_);
  writing_committed_.swap(next_committed_);
  Write();
}

void CommitQueue::Write() {
  // A copy, because a failed write is repeated.
  log_->Commit(writing_, [this](absl::Status status) {
    loop_->Post([this, status = std::move(status)] { Written(status); });
  });
}

void CommitQueue::Written(const absl::Status& status) {
  if (!status.ok()) {
    Log::Error("delivery_commit_failed", {{"error", status.message()}});
    loop_->PostAfter(kRetryDelay, [this] { Write(); });
    return;
  }
  writing_.clear();
  busy_ = false;
  std::vector<std::function<void()>> committed;
  committed.swap(writing_committed_);
  for (auto& callback : committed) {
    if (callback) callback();
  }
  if (!busy_ && !next_committed_.empty()) WriteNext();
  if (busy_) return;
  std::vector<std::function<void()>> idle;
  idle.swap(idle_);
  for (auto& callback : idle) callback();
}

}  // namespace mqttpush
