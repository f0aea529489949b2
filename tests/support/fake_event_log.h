// FakeEventLog: an EventLog whose subscriptions are what the test says.
#ifndef MQTTPUSH_TESTS_SUPPORT_FAKE_EVENT_LOG_H_
#define MQTTPUSH_TESTS_SUPPORT_FAKE_EVENT_LOG_H_

#include <map>
#include <vector>

#include "common/mutex.h"
#include "storage/event_log.h"

namespace mqttpush {

// Thread-safe. For readers only: Append and Commit fail.
class FakeEventLog : public EventLog {
 public:
  struct Subscription {
    SubscriptionRecovery recovery;
    std::vector<EventRecord> events;  // by seq
  };

  void Set(int64_t subscription_uid, Subscription subscription) {
    MutexLock lock(&mutex_);
    subscriptions_[subscription_uid] = std::move(subscription);
  }
  void SetOutbox(int64_t tenant_uid, Outbox outbox) {
    MutexLock lock(&mutex_);
    outboxes_[tenant_uid] = outbox;
  }
  // Every read fails with `error` until it is OK again.
  void SetError(absl::Status error) {
    MutexLock lock(&mutex_);
    error_ = std::move(error);
  }

  void Append(std::vector<NewEvent>, AppendDone done) override {
    done(absl::UnimplementedError("fake"));
  }
  void Commit(std::vector<DeliveryUpdate>, CommitDone done) override {
    done(absl::UnimplementedError("fake"));
  }
  void SetAppendListener(AppendListener) override {}

  absl::StatusOr<SubscriptionState> GetSubscriptionState(
      int64_t subscription_uid) override {
    MutexLock lock(&mutex_);
    if (!error_.ok()) return error_;
    return subscriptions_[subscription_uid].recovery.state;
  }
  absl::StatusOr<SubscriptionRecovery> Recover(
      int64_t subscription_uid) override {
    MutexLock lock(&mutex_);
    if (!error_.ok()) return error_;
    return subscriptions_[subscription_uid].recovery;
  }
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override {
    return std::vector<SubscriptionState>();
  }
  Outbox GetOutbox(int64_t tenant_uid) const override {
    MutexLock lock(&mutex_);
    const auto found = outboxes_.find(tenant_uid);
    return found == outboxes_.end() ? Outbox() : found->second;
  }
  absl::StatusOr<NextEvents> ReadNext(int64_t, int64_t subscription_uid,
                                      int64_t after_seq, int limit) override {
    MutexLock lock(&mutex_);
    if (!error_.ok()) return error_;
    NextEvents next;
    next.scanned_through = after_seq;
    for (const EventRecord& event : subscriptions_[subscription_uid].events) {
      if (event.seq <= after_seq) continue;
      if (next.events.size() == static_cast<size_t>(limit)) return next;
      next.events.push_back(event);
      next.scanned_through = event.seq;
    }
    next.at_end = true;
    return next;
  }
  absl::StatusOr<EventRecord> ReadEvent(int64_t) override {
    return absl::UnimplementedError("fake");
  }
  absl::StatusOr<EventHold> HoldEvent(int64_t) override {
    return absl::UnimplementedError("fake");
  }

 private:
  mutable Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Subscription> subscriptions_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Outbox> outboxes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_FAKE_EVENT_LOG_H_
