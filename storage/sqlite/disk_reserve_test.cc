#include "storage/sqlite/disk_reserve.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

constexpr int64_t kSmall = 1 << 20;

class DiskReserveTest : public ::testing::Test {
 protected:
  int64_t BytesOnDisk() const {
    struct stat info = {};
    return stat(path_.c_str(), &info) == 0 ? info.st_blocks * 512 : 0;
  }

  TempDir temp_;
  const std::string path_ = temp_.File("reserve");
};

TEST_F(DiskReserveTest, HoldsRoomUntilItIsGivenUp) {
  DiskReserve reserve(path_, kSmall);
  ASSERT_TRUE(reserve.Take().ok());
  EXPECT_GE(BytesOnDisk(), kSmall);
  EXPECT_TRUE(reserve.Take().ok());
  reserve.GiveUp();
  EXPECT_EQ(BytesOnDisk(), 0);
  reserve.GiveUp();
  EXPECT_TRUE(reserve.Take().ok());
  EXPECT_GE(BytesOnDisk(), kSmall);
}

TEST_F(DiskReserveTest, IsTakenOver) {
  ASSERT_TRUE(DiskReserve(path_, kSmall).Take().ok());
  EXPECT_GE(BytesOnDisk(), kSmall);
  // A file that only claims its size holds no room.
  std::filesystem::resize_file(path_, 0);
  std::filesystem::resize_file(path_, kSmall);
  ASSERT_TRUE(DiskReserve(path_, kSmall).Take().ok());
  EXPECT_GE(BytesOnDisk(), kSmall);
}

TEST_F(DiskReserveTest, IsNotTakenOfADiskWithoutTwiceTheRoom) {
  DiskReserve reserve(path_, int64_t{1} << 60);
  const absl::Status status = reserve.Take();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "the disk is full: less than 2199023255552 MiB are free");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(DiskReserveTest, SaysThatAFileMayNotGrowSoFar) {
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {kSmall / 2, before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const absl::Status status = DiskReserve(path_, kSmall).Take();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(status.message(), "the file size limit is reached");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace mqttpush
