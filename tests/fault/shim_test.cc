// The shim in a real child: date(1) for the clock, dd(1) for the disk.
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "tests/fault/shim_control.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::fault {
namespace {

class ShimTest : public ::testing::Test {
 protected:
  absl::Status Run(const std::string& command) {
    return ChildProcess::Run({.argv = {"sh", "-c", command},
                              .log_path = dir_.File("output"),
                              .environment = shim_.environment()});
  }

  TempDir dir_;
  TempDir disk_;
  ShimControl shim_{dir_.File("page"), disk_.path()};
};

TEST_F(ShimTest, MovesTheWallClock) {
  shim_.SetClockOffset(-absl::Hours(3));
  ASSERT_TRUE(Run("date +%s").ok());
  int64_t seconds = 0;
  ASSERT_TRUE(absl::SimpleAtoi(ReadFile(dir_.File("output")), &seconds));
  EXPECT_NEAR(static_cast<double>(seconds),
              static_cast<double>(absl::ToUnixSeconds(absl::Now())) - 3 * 3600,
              30);
}

TEST_F(ShimTest, FillsTheDisk) {
  const std::string write =
      "dd if=/dev/zero bs=100 count=1 of=" + disk_.File("x");
  EXPECT_TRUE(Run(write).ok());
  shim_.SetDiskFull(true);
  EXPECT_FALSE(Run(write).ok());
  EXPECT_GT(shim_.refused_writes(), 0);
  EXPECT_TRUE(Run("dd if=/dev/zero bs=100 count=1 of=" + dir_.File("x")).ok())
      << "another disk";
  shim_.SetDiskFull(false);
  EXPECT_TRUE(Run(write).ok());
}

}  // namespace
}  // namespace mqttpush::fault
