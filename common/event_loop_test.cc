#include "common/event_loop.h"

#include <future>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

TEST(EventLoopTest, RunsTasksInTheOrderOfPosting) {
  EventLoop loop;
  std::vector<int> order;
  for (int i = 1; i <= 3; ++i) loop.Post([&order, i] { order.push_back(i); });
  loop.RunAndWait([] {});
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(EventLoopTest, RunsTimersInTheOrderOfTheirDueTimes) {
  EventLoop loop;
  std::vector<int> order;
  std::promise<void> done;
  loop.PostAfter(absl::Milliseconds(20), [&] {
    order.push_back(2);
    done.set_value();
  });
  loop.PostAfter(absl::Milliseconds(1), [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(EventLoopTest, PostedTasksDoNotStarveTimers) {
  EventLoop loop;
  std::promise<void> fired;
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop) loop.Post(again);
  };
  loop.Post(again);
  loop.PostAfter(absl::Milliseconds(1), [&] { fired.set_value(); });
  EXPECT_EQ(fired.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
  stop = true;
  loop.RunAndWait([] {});
}

TEST(EventLoopTest, CancelledTimerDoesNotRun) {
  EventLoop loop;
  bool ran = false;
  std::promise<void> later;
  auto id = loop.PostAfter(absl::Milliseconds(5), [&] { ran = true; });
  loop.CancelTimer(id);
  loop.PostAfter(absl::Milliseconds(10), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, StopRunsWhatIsPostedAndDropsTimers) {
  bool posted = false;
  bool timer = false;
  EventLoop loop;
  loop.PostAfter(absl::Hours(24), [&] { timer = true; });
  loop.Post([&] { posted = true; });
  loop.Stop();
  loop.Post([&] { timer = true; });
  EXPECT_TRUE(posted);
  EXPECT_FALSE(timer);
}

}  // namespace
}  // namespace mqttpush
