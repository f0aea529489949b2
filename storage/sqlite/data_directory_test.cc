#include "storage/sqlite/data_directory.h"

#include <sys/stat.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

TEST(DataDirectoryTest, CreatesAFolderThatOthersCannotRead) {
  TempDir temp;
  const std::string path = temp.path() + "/new/data";
  auto directory = DataDirectory::Open(path);
  ASSERT_TRUE(directory.ok()) << directory.status();
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(DataDirectoryTest, CreatesTheFolderOfSessionsOnce) {
  TempDir temp;
  for (int round = 0; round < 2; ++round) {
    auto directory = DataDirectory::Open(temp.path());
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_EQ((*directory)->sessions_path(), temp.path() + "/sessions");
    struct stat info;
    ASSERT_EQ(stat((*directory)->sessions_path().c_str(), &info), 0);
    EXPECT_TRUE(S_ISDIR(info.st_mode));
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
}

TEST(DataDirectoryTest, RefusesASecondHolderAndNamesTheFirst) {
  TempDir temp;
  auto first = DataDirectory::Open(temp.path());
  ASSERT_TRUE(first.ok());
  auto second = DataDirectory::Open(temp.path());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("in use by process " + std::to_string(getpid())));
}

TEST(DataDirectoryTest, IsFreeAgainWhenTheHolderIsGone) {
  TempDir temp;
  { ASSERT_TRUE(DataDirectory::Open(temp.path()).ok()); }
  EXPECT_TRUE(DataDirectory::Open(temp.path()).ok());
}

FileSystem OnNfs(const std::string&) { return {"nfs4", "nas:/export"}; }

TEST(DataDirectoryTest, RefusesANetworkFileSystemAndMakesNothingThere) {
  TempDir temp;
  const std::string path = temp.File("data");
  auto directory =
      DataDirectory::Open(path, NetworkFileSystems::kRefused, OnNfs);
  EXPECT_EQ(directory.status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string message(directory.status().message());
  EXPECT_THAT(message, HasSubstr("data directory " + path +
                                 " is on a network "
                                 "file system (nfs4, nas:/export)"));
  EXPECT_THAT(message, HasSubstr("SQLite's WAL and locks"));
  EXPECT_THAT(message, HasSubstr("--allow-network-filesystem"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(DataDirectoryTest, TakesANetworkFileSystemWhereThatIsAllowed) {
  TempDir temp;
  ::testing::internal::CaptureStderr();
  auto directory = DataDirectory::Open(temp.File("data"),
                                       NetworkFileSystems::kAllowed, OnNfs);
  EXPECT_TRUE(directory.ok()) << directory.status();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("event=data_directory_on_network_filesystem"));
}

TEST(DataDirectoryTest, SaysWhichPathCannotBeOpened) {
  auto directory = DataDirectory::Open("/proc/nowhere/data");
  ASSERT_FALSE(directory.ok());
  EXPECT_THAT(std::string(directory.status().message()),
              HasSubstr("/proc/nowhere/data"));
}

}  // namespace
}  // namespace mqttpush
