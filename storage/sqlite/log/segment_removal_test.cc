// Ingest goes on while the files of dropped segments are being removed, however
// long that takes: the test stands in for libc's unlink and holds up that of
// the first segment.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "common/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/retention_fixture.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

// Where calls wait while it is closed; not for ever, so that a test that fails
// comes to its end. Thread-safe.
class Gate {
 public:
  void Set(bool closed) {
    MutexLock lock(&mutex_);
    closed_ = closed;
    changed_.SignalAll();
  }
  void Pass() {
    MutexLock lock(&mutex_);
    ++waiting_;
    while (closed_ && changed_.WaitFor(&mutex_, absl::Seconds(5))) {
    }
    --waiting_;
  }
  int waiting() {
    MutexLock lock(&mutex_);
    return waiting_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

Gate& UnlinkGate() {
  static Gate gate;
  return gate;
}

}  // namespace
}  // namespace mqttpush

extern "C" int unlink(const char* path) noexcept {
  if (absl::EndsWith(path, "/0000000001.db")) mqttpush::UnlinkGate().Pass();
  return static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

namespace mqttpush {
namespace {

class SegmentRemovalTest : public RetentionFixture {
 protected:
  SegmentRemovalTest() {
    options_.segment_age = absl::Minutes(1);
    Open();
  }
  ~SegmentRemovalTest() override { UnlinkGate().Set(/*closed=*/false); }
  int CountFiles() {
    int count = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(temp_.File("log"))) {
      count += file.path().extension() == ".db";
    }
    return count;
  }
};

TEST_F(SegmentRemovalTest, NoEventWaitsForIt) {
  for (const char* id : {"a", "b", "c", "d"}) {
    Deliver(Append(id, 7), 7);
    clock_.Advance(options_.segment_age);
  }
  Append("begins the next segment", 8);
  log_->WaitUntilSealed();
  UnlinkGate().Set(/*closed=*/true);
  clock_.Advance(absl::Hours(25));
  Append("is when they are dropped", 8);
  EXPECT_TRUE(
      WaitUntil(absl::Seconds(4), [] { return UnlinkGate().waiting() == 1; }));
  Append("is accepted meanwhile", 8);
  EXPECT_EQ(UnlinkGate().waiting(), 1);
  EXPECT_THAT(SegmentsKept(), ::testing::Not(::testing::Contains(4)));
  EXPECT_GE(CountFiles(), 4);
  UnlinkGate().Set(/*closed=*/false);
  log_->WaitUntilSealed();
  EXPECT_EQ(CountFiles(), static_cast<int>(SegmentsKept().size()));
}

}  // namespace
}  // namespace mqttpush
