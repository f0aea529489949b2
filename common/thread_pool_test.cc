#include "common/thread_pool.h"

#include <atomic>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

constexpr std::chrono::seconds kPatience(30);

// A task that runs until it is let go.
class Blocker {
 public:
  std::function<void()> Task() {
    return [this] {
      started_.set_value();
      released_.get_future().wait();
    };
  }
  void WaitUntilStarted() {
    EXPECT_EQ(started_.get_future().wait_for(kPatience),
              std::future_status::ready);
  }
  void Release() { released_.set_value(); }

 private:
  std::promise<void> started_;
  std::promise<void> released_;
};

TEST(ThreadPoolTest, RunsTasksBesideEachOther) {
  ThreadPool pool(2, 2);
  std::promise<void> second_ran;
  std::promise<void> first_ended;
  pool.Post("a", [&] {
    second_ran.get_future().wait();  // only another thread can end this
    first_ended.set_value();
  });
  pool.Post("a", [&] { second_ran.set_value(); });
  EXPECT_EQ(first_ended.get_future().wait_for(kPatience),
            std::future_status::ready);
}

TEST(ThreadPoolTest, RunsWhatWasPostedBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3, 1);
    for (int i = 0; i < 100; ++i) {
      pool.Post(i % 2 == 0 ? "a" : "b", [&] {
        ++ran;
        pool.Post("c", [&] { ++ran; });
      });
    }
  }
  EXPECT_EQ(ran, 200);
}

TEST(ThreadPoolTest, LeavesAThreadToOthers) {
  Blocker first;
  Blocker second;
  ThreadPool pool(2, 1);
  pool.Post("a", first.Task());
  pool.Post("a", second.Task());
  first.WaitUntilStarted();
  std::promise<void> other_ran;
  pool.Post("b", [&] { other_ran.set_value(); });
  EXPECT_EQ(other_ran.get_future().wait_for(kPatience),
            std::future_status::ready);
  first.Release();
  second.WaitUntilStarted();
  second.Release();
}

TEST(ThreadPoolTest, TakesTurns) {
  std::vector<std::string> order;
  {
    Blocker blocker;
    ThreadPool pool(1, 1);
    pool.Post("x", blocker.Task());
    blocker.WaitUntilStarted();
    for (const char* task : {"a1", "a2", "a3", "b1", "b2", "c1"}) {
      pool.Post(std::string(task, 1),
                [&order, task] { order.push_back(task); });
    }
    blocker.Release();
  }
  EXPECT_THAT(order, ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST(ThreadPoolTest, TakesNoMoreThanMayWait) {
  Blocker blocker;
  std::atomic<int> ran{0};
  {
    ThreadPool pool(1, 1);
    pool.Post("a", blocker.Task(), 1);
    blocker.WaitUntilStarted();
    EXPECT_TRUE(pool.Post(
        "a", [&] { ++ran; }, 2));
    EXPECT_TRUE(pool.Post(
        "a", [&] { ++ran; }, 2));
    EXPECT_FALSE(pool.Post(
        "a", [&] { ++ran; }, 2));
    EXPECT_TRUE(pool.Post(
        "b", [&] { ++ran; }, 2));
    blocker.Release();
  }
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace mqttpush
