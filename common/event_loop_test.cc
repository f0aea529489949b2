#include "common/event_loop.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST(EventLoopTest, RunsWhatIsLeftForTheEndOfARoundAtItsEnd) {
  EventLoop loop;
  std::vector<int> order;
  loop.RunAndWait([&] {
    loop.PostToEndOfRound([&] {
      order.push_back(2);
      loop.PostToEndOfRound([&] { order.push_back(3); });
    });
    loop.Post([&] { order.push_back(4); });
    order.push_back(1);
  });
  loop.RunAndWait([] {});
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

TEST(EventLoopTest, WakesForATimerThatIsDueBeforeTheOthers) {
  EventLoop loop;
  loop.PostAfter(absl::Hours(24), [] {});
  loop.RunAndWait([] {});  // and sleeps
  std::promise<void> fired;
  loop.PostAfter(absl::Milliseconds(1), [&] { fired.set_value(); });
  EXPECT_EQ(fired.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
}

// A socket pair, whose first end is watched.
class EventLoopFileTest : public ::testing::Test {
 protected:
  EventLoopFileTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_), 0);
  }
  ~EventLoopFileTest() override {
    loop_.Stop();
    close(fds_[0]);
    close(fds_[1]);
  }
  void Say() { EXPECT_EQ(write(fds_[1], "x", 1), 1); }
  char Hear() {
    char byte = 0;
    return read(fds_[0], &byte, 1) == 1 ? byte : '-';
  }

  EventLoop loop_;
  int fds_[2];
};

TEST_F(EventLoopFileTest, CallsWhatWatchesAFile) {
  std::promise<char> heard;
  loop_.RunAndWait([&] {
    loop_.Watch(fds_[0], [&](uint32_t) { heard.set_value(Hear()); });
  });
  Say();
  EXPECT_EQ(heard.get_future().get(), 'x');
}

TEST_F(EventLoopFileTest, OneMayUnwatchItselfWhileItIsCalled) {
  std::atomic<int> calls = 0;
  std::promise<void> called;
  loop_.RunAndWait([&] {
    loop_.Watch(fds_[0], [&](uint32_t) {
      loop_.Unwatch(fds_[0]);
      if (++calls == 1) called.set_value();  // of what it captured
    });
  });
  Say();
  called.get_future().wait();
  loop_.RunAndWait([] {});
  loop_.RunAndWait([] {});
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopFileTest, WatchesWritesOnDemandOnly) {
  std::promise<void> writable;
  bool wanted = false;
  loop_.RunAndWait([&] {
    loop_.Watch(fds_[0], [&](uint32_t events) {
      EXPECT_TRUE(wanted);
      EXPECT_NE(events & EPOLLOUT, 0u);
      loop_.WatchWrites(fds_[0], false);
      writable.set_value();
    });
  });
  loop_.RunAndWait([] {});
  loop_.RunAndWait([&] {
    wanted = true;
    loop_.WatchWrites(fds_[0], true);
  });
  writable.get_future().wait();
}

TEST_F(EventLoopFileTest, PostedTasksDoNotStarveFiles) {
  std::promise<void> heard;
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop) loop_.Post(again);
  };
  loop_.RunAndWait([&] {
    loop_.Watch(fds_[0], [&](uint32_t) {
      if (Hear() == 'x') heard.set_value();
    });
  });
  loop_.Post(again);
  Say();
  EXPECT_EQ(heard.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
  stop = true;
  loop_.RunAndWait([] {});
}

}  // namespace
}  // namespace mqttpush
