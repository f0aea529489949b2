#include "workers/dispatch/commit_queue.h"

#include <future>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

// Refuses the first commits, as a full disk does, and keeps the others.
class FlakyLog : public EventLog {
 public:
  explicit FlakyLog(int failures) : failures_(failures) {}

  void Commit(std::vector<DeliveryUpdate> updates, CommitDone done) override {
    if (failures_-- > 0) return done(absl::UnavailableError("disk full"));
    for (const DeliveryUpdate& update : updates) {
      cursors_.push_back(update.cursor);
    }
    done(absl::OkStatus());
  }
  const std::vector<int64_t>& cursors() const { return cursors_; }

  void Append(std::vector<NewEvent>, AppendDone) override {}
  void SetAppendListener(AppendListener) override {}
  absl::StatusOr<SubscriptionState> GetSubscriptionState(int64_t) override {
    return SubscriptionState();
  }
  absl::StatusOr<SubscriptionRecovery> Recover(int64_t) override {
    return SubscriptionRecovery();
  }
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override {
    return std::vector<SubscriptionState>();
  }
  Outbox GetOutbox(int64_t) const override { return {}; }
  absl::StatusOr<NextEvents> ReadNext(int64_t, int64_t, int64_t, int) override {
    return NextEvents();
  }
  absl::StatusOr<EventRecord> ReadEvent(int64_t) override {
    return EventRecord();
  }
  absl::StatusOr<EventHold> HoldEvent(int64_t) override { return EventHold(); }

 private:
  int failures_;
  std::vector<int64_t> cursors_;
};

// Adds updates with these cursors and waits until all are written.
std::vector<int64_t> WriteAll(FlakyLog& log,
                              const std::vector<int64_t>& cursors) {
  EventLoop loop;
  CommitQueue queue(&log, &loop);
  std::vector<int64_t> committed;
  std::promise<void> idle;
  loop.Post([&] {
    for (int64_t cursor : cursors) {
      queue.Add({{.subscription_uid = 1, .cursor = cursor}},
                [&committed, cursor] { committed.push_back(cursor); });
    }
    queue.WhenIdle([&] { idle.set_value(); });
  });
  EXPECT_EQ(idle.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
  loop.Stop();
  return committed;
}

TEST(CommitQueueTest, WritesInTheOrderOfAdding) {
  FlakyLog log(/*failures=*/0);
  EXPECT_THAT(WriteAll(log, {1, 2, 3}), ElementsAre(1, 2, 3));
  EXPECT_THAT(log.cursors(), ElementsAre(1, 2, 3));
}

TEST(CommitQueueTest, TriesAgainUntilWrittenAndKeepsTheOrder) {
  FlakyLog log(/*failures=*/2);
  EXPECT_THAT(WriteAll(log, {1, 2, 3}), ElementsAre(1, 2, 3));
  EXPECT_THAT(log.cursors(), ElementsAre(1, 2, 3));
}

// Whoever adds nothing waits for what was added before, and no longer.
TEST(CommitQueueTest, NothingHasItsPlaceInTheLineToo) {
  FlakyLog log(/*failures=*/1);
  EventLoop loop;
  CommitQueue queue(&log, &loop);
  std::vector<std::string> order;
  std::promise<void> idle;
  loop.Post([&] {
    auto note = [&order](const char* what) {
      return [&order, what] { order.push_back(what); };
    };
    queue.Add({}, note("nothing"));
    queue.Add({}, note("nothing again"));
    queue.Add({{.subscription_uid = 1, .cursor = 1}}, note("something"));
    queue.Add({}, note("nothing at last"));
    queue.WhenIdle([&] { idle.set_value(); });
  });
  ASSERT_EQ(idle.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
  loop.Stop();
  EXPECT_THAT(order, ElementsAre("nothing", "nothing again", "something",
                                 "nothing at last"));
  EXPECT_THAT(log.cursors(), ElementsAre(1));
}

}  // namespace
}  // namespace mqttpush
