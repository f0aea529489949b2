// Damages the files of a sound data directory in one way each.
#include "storage/sqlite/log/log_check.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/data_directory.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/directory_check.h"
#include "storage/sqlite/log/segment_opening.h"
#include "storage/sqlite/log/segment_sealing.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two subscriptions, 7 and 8, in segments of about 20 rows.
class LogCheckTest : public ::testing::Test {
 protected:
  LogCheckTest() : path_(temp_.File("data")) {
    auto directory = DataDirectory::Open(path_);
    EXPECT_TRUE(directory.ok()) << directory.status();
    directory_ = *std::move(directory);
    auto config = SqliteConfigStore::Open(directory_->config_path());
    EXPECT_TRUE(config.ok()) << config.status();
    // As if it had given these uids.
    Execute(directory_->config_path(),
            "INSERT INTO sqlite_sequence (name, seq) "
            "VALUES ('tenant', 1), ('subscription', 8)");
    auto log = SqliteEventLog::Open(directory_->log_path(),
                                    {.segment_rows = 20}, Clock::Real());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    for (int i = 0; i < 10; ++i) WriteSome();
  }

  // Six events, each with an attempt; one is parked, one waits to be retried.
  void WriteSome() {
    std::vector<NewEvent> events;
    for (int i = 0; i < 6; ++i) {
      NewEvent event = MakeEvent(absl::StrCat("e", ++made_), {7, 8});
      event.asset_id = absl::StrCat("asset-", made_ % 4);
      events.push_back(std::move(event));
    }
    ASSERT_TRUE(AppendAndWait(*log_, std::move(events)).ok());
    DeliveryUpdate update = {.subscription_uid = 7,
                             .cursor = made_,
                             .sent_through = made_,
                             .newly_delivered = 4,
                             .newly_parked = 1};
    for (int i = 0; i < 6; ++i) {
      const int64_t seq = made_ - 5 + i;
      update.attempts.push_back(
          {.event_seq = seq,
           .subscription_uid = 7,
           .number = 1,
           .start_time = absl::FromUnixSeconds(1000 + seq),
           .topic = absl::StrCat("t", seq % 3),
           .succeeded = i > 1});
    }
    update.put_exceptions = {
        {.event_seq = made_ - 5, .state = DeliveryState::kParked},
        {.event_seq = made_ - 4,
         .state = DeliveryState::kRetrying,
         .next_attempt_time = absl::FromUnixSeconds(9)}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  void Close() {
    if (log_ == nullptr) return;
    log_->WaitUntilSealed();
    log_.reset();
    directory_.reset();
  }

  std::string Segment(int64_t number) const {
    return SegmentPath(path_ + "/log", number);
  }
  static void Execute(const std::string& path, const std::string& sql) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(db->Execute("PRAGMA foreign_keys=OFF").ok());
    const absl::Status status = db->Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(db->Checkpoint().ok());
  }
  DirectoryCheck Check() {
    auto check = CheckDataDirectory(path_);
    EXPECT_TRUE(check.ok()) << check.status();
    return check.ok() ? *std::move(check) : DirectoryCheck();
  }
  std::vector<std::string> Findings() {
    std::vector<std::string> lines;
    for (const CheckFinding& finding : Check().AllFindings()) {
      lines.push_back(absl::StrCat(finding.file, ": ", finding.what));
    }
    return lines;
  }
  // All files with all their bytes.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      files[entry.path()] =
          entry.is_regular_file() ? ReadFile(entry.path()) : "";
    }
    return files;
  }

  TempDir temp_;
  const std::string path_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<SqliteEventLog> log_;
  int made_ = 0;
};

TEST_F(LogCheckTest, ASoundDirectoryIsToldAndNotTouched) {
  Close();
  const auto before = Files();
  const DirectoryCheck check = Check();
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(Files(), before);
  EXPECT_FALSE(check.use.in_use);
  ASSERT_GT(check.log.segments.size(), 3u);
  EXPECT_TRUE(check.log.segments.front().sealed);
  EXPECT_FALSE(check.log.segments.back().sealed);
  EXPECT_TRUE(check.log.audited);
  EXPECT_EQ(check.log.audit.events, 60);
  EXPECT_EQ(check.log.audit.attempts, 60);
  ASSERT_EQ(check.log.states.size(), 2u);
  EXPECT_EQ(check.log.states[0].retrying_count, 10);
  EXPECT_EQ(check.log.states[1].accepted_count, 60);
}

TEST_F(LogCheckTest, ARunningOneIsSoundAndSoIsWhatItsEndLeftInTheWal) {
  const DirectoryCheck running = Check();
  EXPECT_TRUE(running.use.in_use);
  EXPECT_THAT(running.use.holder, HasSubstr("process "));
  EXPECT_THAT(Findings(), IsEmpty());
  // As after SIGKILL: what lay there while it was running.
  log_->WaitUntilSealed();
  TempDir other;
  fs::copy(path_, other.File("data"), fs::copy_options::recursive);
  fs::remove(SegmentPath(other.File("data/log"), running.log.segments.size()) +
             "-shm");
  Close();
  fs::remove_all(path_);
  fs::copy(other.File("data"), path_, fs::copy_options::recursive);
  const auto before = Files();
  EXPECT_TRUE(HasWal(Segment(running.log.segments.size())));
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(Check().log.audit.attempts, 60);
  EXPECT_EQ(Files(), before);
}

// A parked and a delivered one of the first segment, and of the newest.
TEST_F(LogCheckTest, WhatWasSentAgainIsSound) {
  for (const int64_t first : {1, made_ - 5}) {
    DeliveryUpdate again = {
        .subscription_uid = 7, .cursor = made_, .sent_through = made_};
    again.put_exceptions = {{.event_seq = first}, {.event_seq = first + 2}};
    again.reopened = {{first, DeliveryState::kParked},
                      {first + 2, DeliveryState::kDelivered}};
    again.newly_parked = -1;
    again.newly_delivered = -1;
    ASSERT_TRUE(CommitAndWait(*log_, {again}).ok());
  }
  EXPECT_THAT(Findings(), IsEmpty());
  DeliveryUpdate ended = {
      .subscription_uid = 7, .cursor = made_, .sent_through = made_};
  ended.attempts = {
      {.event_seq = 1,
       .subscription_uid = 7,
       .number = 2,
       .topic = "t",
       .succeeded = true},
      {.event_seq = 3, .subscription_uid = 7, .number = 2, .topic = "t"}};
  ended.erase_exceptions = {1};
  ended.put_exceptions = {{.event_seq = 3, .state = DeliveryState::kParked}};
  ended.newly_delivered = 1;
  ended.newly_parked = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {ended}).ok());
  Close();
  const DirectoryCheck check = Check();
  EXPECT_TRUE(check.log.audited);
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(check.log.states[0].retrying_count, 12);
}

TEST_F(LogCheckTest, ALogThatIsWrittenMeanwhileIsSound) {
  // So much and no more: a check takes longer the more there is.
  constexpr int kWrites = 40;
  std::atomic<bool> written = false;
  std::thread writer([&] {
    for (int i = 0; i < kWrites; ++i) WriteSome();
    written = true;
  });
  while (!written) EXPECT_THAT(Findings(), IsEmpty());
  writer.join();
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(LogCheckTest, ASealedSegmentCanBeSealedAgain) {
  Close();
  auto opened = OpenSegment(1, Segment(1));
  ASSERT_TRUE(opened.ok()) << opened.status();
  // As after a reader had kept the checkpoint from its end.
  mqttpush::Segment segment = *opened->segment;
  segment.memory = std::make_shared<MemoryIndex>(segment.first_event_seq,
                                                 segment.first_attempt_seq);
  const auto none = [](int64_t) { return std::nullopt; };
  ASSERT_TRUE(LoadIndex(segment, none).ok());
  auto db = Database::Open(Segment(1), Database::Mode::kReadWrite);
  ASSERT_TRUE(db.ok()) << db.status();
  const auto sealed = SealSegment(segment, *std::move(db));
  EXPECT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_THAT(Findings(), IsEmpty());
}

constexpr char kNewest[] = "newest";

struct Damage {
  const char* name;
  const char* sql;
  const char* finding;  // holds this
  const char* file = "log/0000000002.db";
};

class LogDamageTest : public LogCheckTest,
                      public ::testing::WithParamInterface<Damage> {};

TEST_P(LogDamageTest, IsFound) {
  Close();
  ASSERT_THAT(Findings(), IsEmpty());
  const std::string file = GetParam().file;
  Execute(file == kNewest
              ? SegmentPath(path_ + "/log", ListSegments(path_ + "/log").back())
              : path_ + "/" + file,
          GetParam().sql);
  EXPECT_THAT(Findings(), Contains(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    Damages, LogDamageTest,
    ::testing::Values(
        Damage{"EventMissing", "DELETE FROM event WHERE seq = 14",
               "events from 13 to"},
        Damage{"AttemptMissing", "DELETE FROM attempt WHERE attempt_seq = 14",
               "attempts from 7 to"},
        Damage{"LastEventMissing",
               "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
               "its seal says"},
        Damage{"AssetChanged",
               "UPDATE event SET asset_id = 'other' WHERE seq = 15",
               "its index of events by asset does not lead to 1 rows"},
        Damage{"PayloadChanged",
               "UPDATE event SET payload = replace(payload, '{', '[') "
               "WHERE seq = 15",
               "the checksum of its pages is wrong"},
        Damage{"ObjectIdChanged",
               "UPDATE event SET object_id = '12346' WHERE seq = 15",
               "the checksum of its pages is wrong"},
        Damage{"AnswerChanged",
               "UPDATE attempt SET reason_code = 1 WHERE attempt_seq = 16",
               "the checksum of its pages is wrong"},
        Damage{"EventIdChanged",
               "UPDATE event SET event_id = 'other' WHERE seq = 15",
               "its index of events by id has 1 postings without such a row"},
        Damage{"OutcomeChanged",
               "UPDATE attempt SET succeeded = 0 WHERE attempt_seq = 16",
               "its index of failed attempts by tenant does not lead"},
        Damage{"AcceptTimeChanged",
               "UPDATE event SET accept_time_us = 5 WHERE seq = 16",
               "event 16 was accepted before the one in front of it"},
        Damage{"RecordedEarlier",
               "UPDATE attempt SET recorded_ticks = 5 WHERE attempt_seq = 16",
               "attempt 16 was not recorded later than the one in front of it"},
        Damage{"FirstRecordedEarlier",
               "UPDATE segment SET last_recorded_ticks = 1 << 62",
               "attempt 7 was not recorded later"},
        Damage{"HourNotNoted", "DELETE FROM recorded_hour",
               "does not name 1 hours in which attempts were recorded"},
        Damage{"IndexBlockGone", "DELETE FROM index_block WHERE dimension = 5",
               "its index of events by subscription does not lead to"},
        Damage{"IndexBlockChanged",
               "UPDATE index_block SET postings = postings || x'020202' "
               "WHERE dimension = 2",
               "the checksum of its index is wrong"},
        Damage{"IndexBlockCut",
               "UPDATE index_block SET postings = postings || x'02' "
               "WHERE dimension = 14",
               "its index of attempts by topic cannot be read"},
        Damage{"FilterEmptied",
               "UPDATE seal SET key_filter = zeroblob(length(key_filter))",
               "a key filter is not what was written"},
        Damage{"FilterOfNoSize", "UPDATE seal SET key_filter = x'01'",
               "a key filter has an impossible size"},
        Damage{"TallyChanged",
               "UPDATE subscription_tally SET event_count = event_count + 1 "
               "WHERE subscription_uid = 8",
               "its tally of subscription uid 8 says"},
        Damage{"EndingsChanged",
               "UPDATE subscription_tally SET parked_count = 0 "
               "WHERE subscription_uid = 7",
               "its tally of subscription uid 7 says"},
        Damage{"SealedRangeChanged", "UPDATE seal SET last_start_time_us = 0",
               "for the last of its start times"},
        Damage{"BeginsElsewhere",
               "UPDATE attempt SET attempt_seq = attempt_seq + 1000; "
               "UPDATE segment SET first_attempt_seq = first_attempt_seq + "
               "1000",
               "begins with attempt 1007, not 7"},
        Damage{"NewerSchema", "PRAGMA user_version = 99",
               "schema version 99; this program knows 2"},
        Damage{"CounterChanged",
               "UPDATE subscription SET delivered_count = 1 WHERE uid = 7",
               "(sub-7) states 1 delivered, the log holds 40", kNewest},
        Damage{"CursorChanged",
               "UPDATE subscription SET cursor = 30, sent_through = 30 "
               "WHERE uid = 8",
               "(sub-8) states 60 waiting, the log holds 30", kNewest},
        Damage{"ConfigOlderThanTheLog",
               "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'subscription'",
               "config.db: has never had subscription uid 8", "config.db"},
        Damage{"ConfigWithoutParents",
               "INSERT INTO owner_id (owner_id, tenant_uid, position) "
               "VALUES ('o', 77, 0)",
               "a row of owner_id belongs to none of tenant", "config.db"},
        Damage{"NewerConfig", "PRAGMA user_version = 99",
               "config.db: schema version 99", "config.db"}),
    [](const auto& info) { return std::string(info.param.name); });

// As a disk changes it: SQLite finds nothing wrong with the file.
TEST_F(LogCheckTest, AChangedByteOfAPayloadIsFound) {
  Close();
  std::string bytes = ReadFile(Segment(2));
  const size_t payload = bytes.find("{\"id\":");
  ASSERT_NE(payload, std::string::npos);
  bytes[payload + 3] ^= 1;
  WriteFile(Segment(2), bytes);
  EXPECT_THAT(Findings(),
              ElementsAre("log/0000000002.db: the checksum of its pages is "
                          "wrong"));
}

TEST_F(LogCheckTest, DamagedFilesAreFound) {
  Close();
  const std::string sound = ReadFile(Segment(2));
  WriteFile(Segment(2), sound.substr(0, sound.size() - 4096));
  EXPECT_THAT(Findings(), Contains(HasSubstr("0000000002.db")));
  WriteFile(Segment(2), sound + std::string(4096, '\0'));
  EXPECT_THAT(Findings(), Contains(HasSubstr("bytes, not")));
  std::string overwritten = sound;
  overwritten.replace(2 * 4096, 4096, std::string(4096, '\x55'));
  WriteFile(Segment(2), overwritten);
  EXPECT_THAT(Findings(), Contains(HasSubstr("0000000002.db")));
  EXPECT_FALSE(Check().log.audited);
  WriteFile(Segment(2), "nothing");
  EXPECT_THAT(Findings(), Contains(HasSubstr("not a database")));
  WriteFile(Segment(2), sound);
  EXPECT_THAT(Findings(), IsEmpty());
  WriteFile(path_ + "/config.db", "nothing");
  EXPECT_THAT(Findings(), Contains(HasSubstr("config.db: ")));
  fs::remove(path_ + "/config.db");
  EXPECT_THAT(Findings(), Contains(HasSubstr("config.db: is missing")));
}

TEST_F(LogCheckTest, AMissingSegmentIsFound) {
  Close();
  fs::remove(Segment(2));
  EXPECT_THAT(Findings(), Contains(HasSubstr("is the next after segment 1")));
  EXPECT_THAT(Findings(), Contains(HasSubstr("begins with event 19, not 13")));
  EXPECT_THAT(Findings(), Contains(HasSubstr("the log holds")));
}

TEST_F(LogCheckTest, AMissingNewestSegmentIsFound) {
  Close();
  fs::remove(Segment(ListSegments(path_ + "/log").back()));
  EXPECT_THAT(Findings(),
              Contains(HasSubstr("is sealed, and none comes after it")));
}

TEST_F(LogCheckTest, WhatRetentionDroppedIsNotMissing) {
  Close();
  const SubscriptionTally of7 = Check().log.segments[1].summary.TallyOf(7);
  const std::string newest = Segment(ListSegments(path_ + "/log").back());
  Execute(newest, "INSERT INTO dropped_segment VALUES (2)");
  Execute(newest,
          absl::StrCat("INSERT INTO dropped_tally (subscription_uid, "
                       "event_count, success_count, parked_count, "
                       "expired_count, discarded_count) VALUES (7, ",
                       of7.events, ", ", of7.successes, ", ", of7.parked,
                       ", 0, 0), (8, ", of7.events, ", 0, 0, 0, 0)"));
  // Of 8 nothing was delivered, so that it was not to be dropped.
  EXPECT_THAT(Findings(), Each(HasSubstr("sub-8) states 60 waiting")));
  fs::remove(Segment(2));
  EXPECT_THAT(Findings(), Each(HasSubstr("sub-8) states 60 waiting")));
}

TEST_F(LogCheckTest, WhatWasSetAsideIsFoundAndWhatNeverBeganIsNot) {
  Close();
  fs::create_directory(path_ + "/log/set-aside");
  WriteFile(Segment(99), "");
  EXPECT_THAT(Findings(), IsEmpty());
  WriteFile(path_ + "/log/set-aside/0000000009.db", "x");
  WriteFile(path_ + "/notes.txt", "x");
  EXPECT_THAT(Findings(), Contains(HasSubstr("was set aside as damaged")));
  const DirectoryCheck check = Check();
  ASSERT_EQ(check.others.size(), 2u);
  EXPECT_EQ(check.others[0].note, "not ours");
  EXPECT_FALSE(check.log.segments.back().began);
}

TEST_F(LogCheckTest, WhatIsNoDataDirectoryCannotBeChecked) {
  EXPECT_TRUE(
      absl::IsNotFound(CheckDataDirectory(temp_.File("none")).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      CheckDataDirectory(temp_.path() + "/data/sessions").status()));
}

}  // namespace
}  // namespace mqttpush
