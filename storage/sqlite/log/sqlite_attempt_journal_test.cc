// Attempts found by when they were recorded, in one segment and over several.
#include "storage/sqlite/log/sqlite_attempt_journal.h"

#include <atomic>
#include <future>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/database.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHour = 500'000;  // since the Unix epoch
constexpr int64_t kEnd = int64_t{1} << 62;
constexpr absl::Duration kPatience = absl::Seconds(30);

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return FromTicks(ticks_.load()); }
  void Set(int64_t ticks) { ticks_ = ticks; }

 private:
  std::atomic<int64_t> ticks_{kHour * kTicksPerHour};
};

class JournalTest : public ::testing::Test {
 protected:
  explicit JournalTest(int64_t segment_rows = 400'000)
      : segment_rows_(segment_rows) {
    Open();
  }
  void Open() {
    journal_.reset();
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"),
                                 {.segment_rows = segment_rows_}, &clock_);
    journal_ = std::make_unique<SqliteAttemptJournal>(log_.get());
  }
  // So many attempts in one commit, of the tenant that has the subscription.
  void Record(int64_t tenant_uid, int count) {
    NewEvent event = MakeEvent(absl::StrCat("e", ++seq_), {tenant_uid});
    event.tenant_uid = tenant_uid;
    ASSERT_TRUE(AppendAndWait(*log_, {event}).ok());
    ASSERT_TRUE(CommitAndWait(*log_, {UpdateOf(tenant_uid, count)}).ok());
    log_->WaitUntilSealed();
  }
  DeliveryUpdate UpdateOf(int64_t subscription_uid, int count) {
    DeliveryUpdate update = {.subscription_uid = subscription_uid};
    for (int number = 1; number <= count; ++number) {
      update.attempts.push_back({.event_seq = seq_,
                                 .subscription_uid = subscription_uid,
                                 .number = number,
                                 .start_time = clock_.Now()});
    }
    return update;
  }
  std::vector<AttemptRow> Follow(int64_t tenant_uid, int64_t after = 0,
                                 int64_t through = kEnd) {
    auto follower =
        journal_->Follow({.tenant_uid = tenant_uid}, after, through);
    std::vector<AttemptRow> rows;
    for (bool at_end = false; !at_end;) {
      auto next = follower->Next(100);
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok()) return rows;
      for (AttemptRow& row : next->rows) rows.push_back(std::move(row));
      at_end = next->at_end;
    }
    return rows;
  }
  std::vector<int64_t> TicksOf(int64_t tenant_uid) {
    std::vector<int64_t> ticks;
    for (const AttemptRow& row : Follow(tenant_uid)) {
      ticks.push_back(row.attempt.recording.ticks);
    }
    return ticks;
  }

  const int64_t segment_rows_;
  TempDir temp_;
  SetClock clock_;
  int64_t seq_ = 0;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteAttemptJournal> journal_;
};

class AttemptJournalTest : public JournalTest,
                           public ::testing::WithParamInterface<int64_t> {
 protected:
  AttemptJournalTest() : JournalTest(GetParam()) {}
};

// Segments of many rows, and of a few.
INSTANTIATE_TEST_SUITE_P(Rows, AttemptJournalTest,
                         ::testing::Values(400'000, 1, 3, 7));

TEST_P(AttemptJournalTest, StampsRiseOverRestartsAndAClockThatGoesBack) {
  const int64_t start = kHour * kTicksPerHour;
  Record(1, 2);
  Open();
  clock_.Set(start - kTicksPerHour);
  Record(1, 1);
  Open();
  Open();
  Record(1, 1);
  clock_.Set(start + 50);
  Record(1, 2);
  EXPECT_THAT(TicksOf(1), ElementsAre(start, start + 1, start + 2, start + 3,
                                      start + 50, start + 51));
}

TEST_P(AttemptJournalTest, FindsEveryTick) {
  EXPECT_EQ(*journal_->FindBefore(kEnd), 0);
  const int64_t start = kHour * kTicksPerHour;
  for (int i = 0; i < 5; ++i) {
    clock_.Set(start + 10 * i);
    Record(1 + i % 2, 3);
  }
  for (int64_t ticks = start - 1; ticks < start + 60; ++ticks) {
    int64_t earlier = 0;
    for (int64_t tenant : {1, 2}) {
      for (int64_t recorded : TicksOf(tenant)) earlier += recorded < ticks;
    }
    EXPECT_EQ(*journal_->FindBefore(ticks), earlier) << ticks - start;
  }
}

TEST_P(AttemptJournalTest, FollowsFromOneToAnother) {
  Record(1, 3);
  Record(2, 2);
  Record(1, 3);
  const auto numbers = [&](int64_t after, int64_t through) {
    std::vector<int64_t> seqs;
    for (const AttemptRow& row : Follow(1, after, through)) {
      seqs.push_back(row.attempt_seq);
    }
    return seqs;
  };
  EXPECT_THAT(numbers(0, kEnd), ElementsAre(1, 2, 3, 6, 7, 8));
  EXPECT_THAT(numbers(2, 7), ElementsAre(3, 6, 7));
  EXPECT_THAT(numbers(3, 5), IsEmpty());
  EXPECT_THAT(numbers(8, 8), IsEmpty());
  EXPECT_THAT(numbers(5, 2), IsEmpty());
}

TEST_P(AttemptJournalTest, ReadsThoseOfAllTenants) {
  Record(1, 3);
  Record(2, 2);
  const auto read = [&](int64_t after, int limit) {
    std::vector<std::string> rows;
    const auto found = journal_->ReadAfter(after, limit);
    for (const JournalRow& row : *found) {
      rows.push_back(absl::StrCat(row.row.attempt_seq, " of ", row.tenant_uid,
                                  ": ", row.row.event_id));
    }
    return rows;
  };
  EXPECT_THAT(read(0, 9), ElementsAre("1 of 1: e1", "2 of 1: e1", "3 of 1: e1",
                                      "4 of 2: e2", "5 of 2: e2"));
  EXPECT_THAT(read(2, 2), ElementsAre("3 of 1: e1", "4 of 2: e2"));
  EXPECT_THAT(read(5, 2), IsEmpty());
}

TEST_P(AttemptJournalTest, ListsTheHoursOfATenant) {
  EXPECT_THAT(*journal_->ListHours(1, 0, kEnd), IsEmpty());
  for (int64_t hour : {0, 0, 1, 4, 4, 9}) {
    clock_.Set((kHour + hour) * kTicksPerHour);
    Record(1, 2);
    if (hour == 4) Record(2, 1);
  }
  Open();
  Record(1, 1);
  EXPECT_THAT(*journal_->ListHours(1, 0, kEnd),
              ElementsAre(kHour, kHour + 1, kHour + 4, kHour + 9));
  EXPECT_THAT(*journal_->ListHours(1, kHour + 1, kHour + 4),
              ElementsAre(kHour + 1, kHour + 4));
  EXPECT_THAT(*journal_->ListHours(2, 0, kEnd), ElementsAre(kHour + 4));
  EXPECT_THAT(*journal_->ListHours(3, 0, kEnd), IsEmpty());
}

// A commit that is on its way to the disk when its hour ends.
TEST_F(JournalTest, AnHourIsSettledOnceAllOfItCanBeRead) {
  Record(1, 1);
  const int64_t next_hour = (kHour + 1) * kTicksPerHour;
  int64_t now = next_hour - 100'000;
  clock_.Set(now);
  const SegmentPtr newest = log_->store()->list().Get()->back();
  auto lock = Database::Open(newest->path, Database::Mode::kReadWrite);
  ASSERT_TRUE(lock.ok() && lock->Execute("BEGIN IMMEDIATE").ok());
  std::promise<absl::Status> written;
  log_->Commit({UpdateOf(1, 1)},
               [&](absl::Status status) { written.set_value(status); });
  // Under way it stays where it is, while the clock goes on.
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    clock_.Set(++now);
    return journal_->SettledBefore() < now;
  }));
  const int64_t stamp = journal_->SettledBefore();
  clock_.Set(next_hour + 1000);
  EXPECT_EQ(journal_->SettledBefore(), stamp);
  EXPECT_EQ(Follow(1).size(), 1u);

  ASSERT_TRUE(lock->Execute("ROLLBACK").ok());
  ASSERT_TRUE(written.get_future().get().ok());
  EXPECT_EQ(TicksOf(1).back(), stamp);
  EXPECT_TRUE(WaitUntil(kPatience, [&] {
    return journal_->SettledBefore() == next_hour + 1000;
  }));
}

TEST_P(AttemptJournalTest, AnAttemptSaysWhatFollowedFromIt) {
  Record(1, 0);
  DeliveryUpdate update = UpdateOf(1, 2);
  update.put_exceptions = {{.event_seq = 1,
                            .state = DeliveryState::kRetrying,
                            .next_attempt_time = absl::FromUnixSeconds(9)}};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  update = UpdateOf(1, 1);
  update.put_exceptions = {{.event_seq = 1, .state = DeliveryState::kParked}};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  update = UpdateOf(1, 1);
  update.attempts[0].succeeded = true;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());

  std::vector<std::string> said;
  for (const AttemptRow& row : Follow(1)) {
    const AttemptRecording& recording = row.attempt.recording;
    said.push_back(recording.ended_delivery ? "ended" : "goes on");
    if (recording.next_attempt_time != absl::InfinitePast()) {
      absl::StrAppend(&said.back(), " at ",
                      absl::ToUnixSeconds(recording.next_attempt_time));
    }
    EXPECT_EQ(row.object_id, "12345");
    EXPECT_EQ(row.owner_id, "owner-1");
    EXPECT_EQ(row.payload_bytes, 11);  // {"id":"e1"}
  }
  EXPECT_THAT(said, ElementsAre("goes on", "goes on at 9", "ended", "ended"));
}

}  // namespace
}  // namespace mqttpush
