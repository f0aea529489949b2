#include "common/thread_pool.h"

#include <atomic>
#include <future>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(ThreadPoolTest, RunsTasksBesideEachOther) {
  ThreadPool pool(2);
  std::promise<void> second_ran;
  std::promise<void> first_ended;
  pool.Post([&] {
    second_ran.get_future().wait();  // only another thread can end this
    first_ended.set_value();
  });
  pool.Post([&] { second_ran.set_value(); });
  EXPECT_EQ(first_ended.get_future().wait_for(std::chrono::seconds(30)),
            std::future_status::ready);
}

TEST(ThreadPoolTest, RunsWhatWasPostedBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 100; ++i) pool.Post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace mqttpush
