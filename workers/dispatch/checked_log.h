// CheckedLog: the real log, which expects after every commit that no delivery
// of the subscriptions it touched is missing or counted twice.
#ifndef MQTTPUSH_WORKERS_DISPATCH_CHECKED_LOG_H_
#define MQTTPUSH_WORKERS_DISPATCH_CHECKED_LOG_H_

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"

namespace mqttpush {

// For tests; events are of tenant 1. Thread-safe.
class CheckedLog : public EventLog {
 public:
  // So few that every test goes over several segments.
  static constexpr int64_t kSegmentRows = 5;

  CheckedLog(const std::string& directory, const Clock* clock)
      : log_(*SqliteEventLog::Open(directory, {.segment_rows = kSegmentRows},
                                   clock)) {}
  // The most exceptions that one update held.
  size_t largest_update() const { return largest_update_; }
  int64_t commits() const { return commits_; }
  int64_t refused_commits() const { return refused_commits_; }
  // The most events that were asked for in one read.
  int largest_read() const { return largest_read_; }
  // From now on it is not found, as when its segment was damaged.
  void LoseEvent(int64_t seq) { lost_event_ = seq; }
  // Calls `hook` once, before it takes the next deliveries that are sent again.
  void BeforeReopening(std::function<void()> hook) { hook_ = std::move(hook); }
  void WaitUntilSealed() { log_->WaitUntilSealed(); }
  // Refuses commits, as a full disk does, or takes them again.
  void RefuseCommits(bool refuse) { refuse_ = refuse; }

  // Where the audit finds the counters wrong, as "delivered: 2 stated, 1
  // counted".
  std::vector<std::string> Audit() {
    SqliteConservationAudit audit(log_.get());
    while (true) {
      const auto report = audit.Step();
      if (!report.ok()) return {std::string(report.status().message())};
      if (!report->has_value()) continue;
      std::vector<std::string> words;
      for (const ConservationDifference& found : (*report)->differences) {
        words.push_back(absl::StrCat(found.count, ": ", found.stated,
                                     " stated, ", found.counted, " counted"));
      }
      return words;
    }
  }

  void Append(std::vector<NewEvent> events, AppendDone done) override {
    log_->Append(std::move(events), std::move(done));
  }
  void Commit(std::vector<DeliveryUpdate> updates, CommitDone done) override {
    if (refuse_) {
      ++refused_commits_;
      return done(absl::UnavailableError("refused by the test"));
    }
    std::vector<int64_t> uids;
    for (const DeliveryUpdate& update : updates) {
      if (hook_ && !update.reopened.empty()) std::exchange(hook_, nullptr)();
      uids.push_back(update.subscription_uid);
      largest_update_ =
          std::max(largest_update_.load(), update.put_exceptions.size());
    }
    log_->Commit(std::move(updates), [this, uids, done](absl::Status status) {
      ++commits_;
      // The writer waits for this, so nothing is written meanwhile.
      for (int64_t uid : uids) ExpectConserved(uid);
      done(std::move(status));
    });
  }
  void SetAppendListener(AppendListener listener) override {
    log_->SetAppendListener(std::move(listener));
  }
  // Of the same log; lives as long as it is used at once.
  std::unique_ptr<HistoryReader> history() {
    return std::make_unique<SqliteHistoryReader>(log_.get());
  }
  absl::StatusOr<SubscriptionState> GetSubscriptionState(int64_t uid) override {
    return log_->GetSubscriptionState(uid);
  }
  absl::StatusOr<SubscriptionRecovery> Recover(int64_t uid) override {
    return log_->Recover(uid);
  }
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override {
    return log_->ListUndelivered();
  }
  Outbox GetOutbox(int64_t tenant_uid) const override {
    return log_->GetOutbox(tenant_uid);
  }
  absl::StatusOr<NextEvents> ReadNext(int64_t tenant_uid, int64_t uid,
                                      int64_t after_seq, int limit) override {
    largest_read_ = std::max(largest_read_.load(), limit);
    return log_->ReadNext(tenant_uid, uid, after_seq, limit);
  }
  absl::StatusOr<EventRecord> ReadEvent(int64_t seq) override {
    if (seq == lost_event_) return absl::NotFoundError("lost by the test");
    return log_->ReadEvent(seq);
  }
  absl::StatusOr<EventHold> HoldEvent(int64_t seq) override {
    return log_->HoldEvent(seq);
  }

 private:
  // Looks at each delivery, by event, cursor, exceptions and attempts, and
  // holds the counters to what it finds.
  void ExpectConserved(int64_t uid) {
    HistoryQuery query;
    query.tenant_uid = 1;
    query.subscription_uid = uid;
    std::map<DeliveryState, int64_t> found;
    int64_t all = 0;
    std::optional<DeliveryKey> after;
    do {
      auto page = history()->ListDeliveries(
          query, {},
          [](int64_t, int64_t, DeliveryState state) { return state; }, after,
          1000);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const DeliveryRow& row : page->rows) ++found[row.state];
      all += static_cast<int64_t>(page->rows.size());
      after = page->next;
    } while (after.has_value());
    const SubscriptionState counted = *log_->GetSubscriptionState(uid);
    EXPECT_EQ(counted.accepted_count, all);
    EXPECT_EQ(counted.delivered_count, found[DeliveryState::kDelivered]);
    EXPECT_EQ(counted.retrying_count, found[DeliveryState::kRetrying]);
    EXPECT_EQ(counted.parked_count, found[DeliveryState::kParked]);
    EXPECT_EQ(counted.expired_count, found[DeliveryState::kExpired]);
    EXPECT_EQ(counted.discarded_count, found[DeliveryState::kDiscarded]);
    // What is in flight is waiting, or retrying, to the log.
    EXPECT_EQ(counted.accepted_count - counted.delivered_count -
                  counted.retrying_count - counted.parked_count -
                  counted.expired_count - counted.discarded_count,
              found[DeliveryState::kWaiting]);
  }

  std::atomic<size_t> largest_update_{0};
  std::atomic<int64_t> commits_{0};
  std::atomic<int64_t> refused_commits_{0};
  std::atomic<int> largest_read_{0};
  std::atomic<bool> refuse_{false};
  std::function<void()> hook_;
  std::atomic<int64_t> lost_event_{0};
  const std::unique_ptr<SqliteEventLog> log_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_CHECKED_LOG_H_
