// What a process is like once it has set itself up as a worker. Each look is
// taken in a child process of its own.
#include "workers/process/process_setup.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "workers/process/child_for_test.h"
#include "workers/process/sanitized.h"

namespace mqttpush {
namespace {

// What `look` sees in a child that has been set up.
std::string InWorker(const std::function<std::string()>& look) {
  return InChild([&](int) {
           const absl::Status status = SetUpWorkerProcess();
           return status.ok() ? look() : status.ToString();
         })
      .text;
}

int64_t NumberInWorker(const std::function<int64_t()>& look) {
  const std::string text = InWorker([&] { return absl::StrCat(look()); });
  int64_t number = -1;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}

int64_t Limit(decltype(RLIMIT_DATA) resource) {
  rlimit limit{};
  getrlimit(resource, &limit);
  return limit.rlim_cur == limit.rlim_max ? static_cast<int64_t>(limit.rlim_max)
                                          : -2;
}

int OomScore() {
  int score = -1;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score;
}

TEST(ProcessSetupTest, BoundsOpenFiles) {
  const int64_t own = Limit(RLIMIT_NOFILE);
  EXPECT_EQ(NumberInWorker([] { return Limit(RLIMIT_NOFILE); }),
            own > 0 && own < 256 ? own : 256);
}

TEST(ProcessSetupTest, BoundsMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers map terabytes";
  EXPECT_EQ(NumberInWorker([] {
              const std::unique_ptr<void, decltype(&free)> fits(
                  malloc(size_t{256} << 20), free);
              const std::unique_ptr<void, decltype(&free)> does_not(
                  malloc(size_t{512} << 20), free);
              return int64_t{fits != nullptr && does_not == nullptr};
            }),
            1);
}

TEST(ProcessSetupTest, GivesWayToTheService) {
  const int own = getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(NumberInWorker([] { return getpriority(PRIO_PROCESS, 0); }),
            std::min(own + 5, 19));
}

TEST(ProcessSetupTest, GoesBeforeTheServiceWhenMemoryIsShort) {
  EXPECT_EQ(NumberInWorker([] { return OomScore(); }),
            std::min(OomScore() + 500, 1000));
}

TEST(ProcessSetupTest, KeepsItsMemoryToItself) {
  EXPECT_EQ(NumberInWorker([] { return Limit(RLIMIT_CORE); }), 0);
  EXPECT_EQ(NumberInWorker([] { return prctl(PR_GET_DUMPABLE); }), 0);
}

TEST(ProcessSetupTest, HurriesTheResolverUnlessTheOperatorKnowsBetter) {
  auto options = [] { return std::string(getenv("RES_OPTIONS")); };
  ASSERT_EQ(unsetenv("RES_OPTIONS"), 0);
  EXPECT_EQ(InWorker(options), "timeout:2 attempts:2 ");
  ASSERT_EQ(setenv("RES_OPTIONS", "attempts:1 ndots:2", 1), 0);
  EXPECT_EQ(InWorker(options), "timeout:2 attempts:2 attempts:1 ndots:2");
}

TEST(ProcessSetupTest, HidesProxiesFromPaho) {
  ASSERT_EQ(setenv("http_proxy", "http://proxy", 1), 0);
  EXPECT_EQ(NumberInWorker([] { return getenv("http_proxy") == nullptr; }), 1);
}

}  // namespace
}  // namespace mqttpush
