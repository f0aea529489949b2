// FakeConfigStore and FakeEventLog: what the tests of ingest put around it.
#ifndef MQTTPUSH_SERVICES_INGEST_FAKES_FOR_TEST_H_
#define MQTTPUSH_SERVICES_INGEST_FAKES_FOR_TEST_H_

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "storage/config_store.h"
#include "storage/event_log.h"

namespace mqttpush {

// A configuration that the test sets. Thread-safe.
class FakeConfigStore : public ConfigStore {
 public:
  explicit FakeConfigStore(ConfigSnapshot config) { Set(std::move(config)); }

  void Set(ConfigSnapshot config) {
    MutexLock lock(&mutex_);
    config_ = std::make_shared<const ConfigSnapshot>(std::move(config));
  }
  std::shared_ptr<const ConfigSnapshot> Snapshot() const override {
    MutexLock lock(&mutex_);
    return config_;
  }
  absl::StatusOr<Applied> Apply(Decide) override {
    return absl::UnimplementedError("");
  }
  void SetListener(Listener) override {}

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const ConfigSnapshot> config_ ABSL_GUARDED_BY(mutex_);
};

// Remembers event ids. Answers at once, or, after Hold, when the test says so.
// Thread-safe.
class FakeEventLog : public EventLog {
 public:
  void Append(std::vector<NewEvent> events, AppendDone done) override {
    Batch batch{std::move(events), std::move(done)};
    {
      MutexLock lock(&mutex_);
      ++append_count_;
      if (holding_) {
        held_.push_back(std::move(batch));
        most_held_ = std::max(most_held_, held_.size());
        changed_.SignalAll();
        return;
      }
    }
    Answer(std::move(batch));
  }

  // From now on appends wait for Release.
  void Hold() {
    MutexLock lock(&mutex_);
    holding_ = true;
  }
  // From now on appends fail.
  void Fail(absl::Status status) {
    MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  // What it holds, and will hold until events are added to it.
  void SetOutbox(int64_t tenant_uid, Outbox outbox) {
    MutexLock lock(&mutex_);
    outboxes_[tenant_uid] = outbox;
  }
  // Waits until `count` appends are held. False if it takes too long.
  bool WaitForHeld(size_t count) {
    MutexLock lock(&mutex_);
    for (int i = 0; held_.size() < count && i < 100; ++i) {
      changed_.WaitFor(&mutex_, absl::Milliseconds(300));
    }
    return held_.size() >= count;
  }
  // Answers the held append number `index`, on this thread.
  void Release(size_t index = 0) {
    Batch batch;
    {
      MutexLock lock(&mutex_);
      batch = std::move(held_[index]);
      held_.erase(held_.begin() + static_cast<int64_t>(index));
    }
    Answer(std::move(batch));
  }
  size_t most_held() {
    MutexLock lock(&mutex_);
    return most_held_;
  }
  int append_count() {
    MutexLock lock(&mutex_);
    return append_count_;
  }

  void Commit(std::vector<DeliveryUpdate>, CommitDone) override {}
  void SetAppendListener(AppendListener) override {}
  absl::StatusOr<SubscriptionState> GetSubscriptionState(int64_t) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<SubscriptionRecovery> Recover(int64_t) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override {
    return std::vector<SubscriptionState>();
  }
  Outbox GetOutbox(int64_t tenant_uid) const override {
    MutexLock lock(&mutex_);
    const auto found = outboxes_.find(tenant_uid);
    return found == outboxes_.end() ? Outbox() : found->second;
  }
  absl::StatusOr<NextEvents> ReadNext(int64_t, int64_t, int64_t, int) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<EventRecord> ReadEvent(int64_t) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<EventHold> HoldEvent(int64_t) override {
    return absl::UnimplementedError("");
  }

 private:
  struct Batch {
    std::vector<NewEvent> events;
    AppendDone done;
  };
  void Answer(Batch batch) {
    std::vector<AppendOutcome> outcomes;
    absl::Status status;
    {
      MutexLock lock(&mutex_);
      status = status_;
      for (const NewEvent& event : batch.events) {
        const bool added =
            ids_.emplace(event.tenant_uid, event.event_id).second;
        outcomes.push_back(added ? AppendOutcome::kAccepted
                                 : AppendOutcome::kDuplicate);
        if (!added || !status_.ok()) continue;
        const auto deliveries = static_cast<int64_t>(event.route->size());
        Outbox& outbox = outboxes_[event.tenant_uid];
        outbox.events += deliveries;
        outbox.bytes += deliveries * static_cast<int64_t>(event.payload.size());
      }
    }
    if (status.ok()) {
      batch.done(std::move(outcomes));
    } else {
      batch.done(status);
    }
  }

  mutable Mutex mutex_;
  CondVar changed_;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::deque<Batch> held_ ABSL_GUARDED_BY(mutex_);
  size_t most_held_ ABSL_GUARDED_BY(mutex_) = 0;
  int append_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::pair<int64_t, std::string>> ids_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Outbox> outboxes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_FAKES_FOR_TEST_H_
