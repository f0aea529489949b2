#include "storage/sqlite/log/directory_copy.h"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/data_directory.h"
#include "storage/sqlite/log/directory_check.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DirectoryCopyTest : public ::testing::Test {
 protected:
  DirectoryCopyTest() : from_(temp_.File("data")), to_(temp_.File("copy")) {
    auto directory = DataDirectory::Open(from_);
    EXPECT_TRUE(directory.ok()) << directory.status();
    directory_ = *std::move(directory);
    auto config = SqliteConfigStore::Open(directory_->config_path());
    EXPECT_TRUE(config.ok()) << config.status();
    config_ = *std::move(config);
    const auto created = config_->Apply(
        [](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return ConfigChange{TenantRecord{.id = "acme"}};
        });
    EXPECT_TRUE(created.ok()) << created.status();
    auto log = SqliteEventLog::Open(directory_->log_path(),
                                    {.segment_rows = 50}, Clock::Real());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  // Ten events of subscription 7 with their attempts.
  void WriteSome() {
    std::vector<NewEvent> events;
    DeliveryUpdate update = {.subscription_uid = 7, .newly_delivered = 10};
    for (int i = 0; i < 10; ++i) {
      events.push_back(MakeEvent(absl::StrCat("e", ++made_), {7}));
      update.attempts.push_back({.event_seq = made_,
                                 .subscription_uid = 7,
                                 .number = 1,
                                 .start_time = absl::FromUnixSeconds(made_),
                                 .topic = "t",
                                 .succeeded = true});
    }
    update.cursor = update.sent_through = made_;
    ASSERT_TRUE(AppendAndWait(*log_, std::move(events)).ok());
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    written_ = made_;
  }
  absl::StatusOr<DirectoryCopy> Copy() {
    return CopyDataDirectory(from_, to_,
                             [](const std::string&, int64_t, int64_t) {});
  }
  // Of the copy, but that its configuration does not know the subscription.
  std::vector<std::string> Findings(DirectoryCheck* found = nullptr) {
    auto check = CheckDataDirectory(to_);
    EXPECT_TRUE(check.ok()) << check.status();
    std::vector<std::string> lines;
    for (const CheckFinding& finding : check->AllFindings()) {
      if (finding.file == "config.db") continue;
      lines.push_back(absl::StrCat(finding.file, ": ", finding.what));
    }
    if (found != nullptr) *found = *std::move(check);
    return lines;
  }
  static int ModeOf(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : -1;
  }

  TempDir temp_;
  const std::string from_;
  const std::string to_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  int64_t made_ = 0;
  std::atomic<int64_t> written_ = 0;
};

TEST_F(DirectoryCopyTest, CopiesConfigurationAndLogButNoSessions) {
  for (int i = 0; i < 20; ++i) WriteSome();
  WriteFile(directory_->sessions_path() + "/1.session", "packets");
  const auto copy = Copy();
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->use.in_use);
  EXPECT_EQ(copy->files, copy->segments + 1);
  EXPECT_THAT(copy->left_out, IsEmpty());
  EXPECT_EQ(ModeOf(to_), 0700);
  EXPECT_EQ(ModeOf(to_ + "/config.db"), 0600);
  EXPECT_EQ(ModeOf(to_ + "/log"), 0700);
  EXPECT_EQ(ModeOf(to_ + "/log/0000000001.db"), 0600);
  EXPECT_FALSE(fs::exists(to_ + "/sessions"));
  EXPECT_FALSE(fs::exists(to_ + "/export.cursor")) << "there was none";
  EXPECT_FALSE(fs::exists(to_ + ".unfinished"));
  DirectoryCheck check;
  EXPECT_THAT(Findings(&check), IsEmpty());
  EXPECT_EQ(check.log.audit.attempts, 200);
  EXPECT_NE(check.config.FindTenant("acme"), nullptr);
}

TEST_F(DirectoryCopyTest, CopiesHowFarResultsWereExported) {
  WriteSome();
  WriteFile(directory_->export_cursor_path(), "so far\n");
  const auto copy = Copy();
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->files, copy->segments + 2);
  EXPECT_EQ(ReadFile(to_ + "/export.cursor"), "so far\n");
  EXPECT_EQ(ModeOf(to_ + "/export.cursor"), 0600);
  EXPECT_THAT(Findings(), IsEmpty());
}

// The log goes on in the copy where it was.
TEST_F(DirectoryCopyTest, IsConsistentWhileTheLogIsWritten) {
  // So much and no more: a copy takes longer the more there is.
  constexpr int kWrites = 200;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; i < kWrites && !stop; ++i) WriteSome();
  });
  for (int i = 0; i < 10; ++i) {
    const int64_t before = written_;
    const auto copy = Copy();
    ASSERT_TRUE(copy.ok()) << copy.status();
    DirectoryCheck check;
    EXPECT_THAT(Findings(&check), IsEmpty());
    EXPECT_GE(check.log.audit.attempts, before);
    fs::remove_all(to_);
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(Copy().ok());
  auto log = SqliteEventLog::Open(to_ + "/log", Clock::Real());
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->GetSubscriptionState(7)->cursor, made_);
}

TEST_F(DirectoryCopyTest, OfOneAtRestCopiesWhatIsInTheWalToo) {
  WriteSome();
  fs::copy(from_, temp_.File("killed"), fs::copy_options::recursive);
  const auto copy = CopyDataDirectory(
      temp_.File("killed"), to_, [](const std::string&, int64_t, int64_t) {});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_FALSE(copy->use.in_use);
  DirectoryCheck check;
  EXPECT_THAT(Findings(&check), IsEmpty());
  EXPECT_EQ(check.log.audit.attempts, 10);
}

TEST_F(DirectoryCopyTest, TheTargetMustBeMissingOrEmpty) {
  fs::create_directory(to_);
  ASSERT_TRUE(Copy().ok());
  EXPECT_THAT(std::string(Copy().status().message()),
              HasSubstr("is not empty: it holds"));
  fs::remove_all(to_);
  fs::create_directory(to_ + ".unfinished");
  EXPECT_TRUE(absl::IsAlreadyExists(Copy().status()));
  EXPECT_FALSE(fs::exists(to_));
}

TEST_F(DirectoryCopyTest, AnErrorLeavesNothing) {
  fs::remove(from_ + "/config.db");
  fs::create_directory(from_ + "/config.db");
  EXPECT_FALSE(Copy().ok());
  EXPECT_FALSE(fs::exists(to_));
  EXPECT_FALSE(fs::exists(to_ + ".unfinished"));
}

TEST_F(DirectoryCopyTest, WhatRetentionHasDroppedIsLeftOut) {
  for (int i = 0; i < 10; ++i) WriteSome();
  log_->WaitUntilSealed();
  auto db = Database::Open(log_->store()->list().Get()->back()->path,
                           Database::Mode::kReadWrite);
  ASSERT_TRUE(db.ok()) << db.status();
  // Its file is still there, as after a crash.
  ASSERT_TRUE(db->Execute("INSERT INTO dropped_segment VALUES (1)").ok());
  const SubscriptionTally tally =
      log_->store()->list().Get()->front()->TallyOf(7);
  ASSERT_TRUE(
      db->Execute(absl::StrCat("INSERT INTO dropped_tally (subscription_uid, "
                               "event_count, success_count, parked_count, "
                               "expired_count, discarded_count) VALUES (7, ",
                               tally.events, ", ", tally.successes,
                               ", 0, 0, 0)"))
          .ok());
  const auto copy = Copy();
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_THAT(copy->left_out, ::testing::ElementsAre("log/0000000001.db"));
  EXPECT_FALSE(fs::exists(to_ + "/log/0000000001.db"));
  DirectoryCheck check;
  EXPECT_THAT(Findings(&check), IsEmpty());
  EXPECT_THAT(check.log.dropped.numbers, ::testing::ElementsAre(1));
}

}  // namespace
}  // namespace mqttpush
