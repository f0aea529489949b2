#include "storage/sqlite/log/sqlite_attempt_follower.h"

#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class SetClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixSeconds(seconds_.load());
  }
  void Set(int64_t seconds) { seconds_ = seconds; }

 private:
  std::atomic<int64_t> seconds_{1000};
};

// Everything that a follower gives until the end, as "event_seq#number".
struct Followed {
  std::vector<std::string> keys;
  int64_t position = 0;
  bool gap = false;
};

Followed FollowToEnd(AttemptFollower& follower, int limit = 100) {
  Followed all;
  while (true) {
    auto next = follower.Next(limit);
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok()) return all;
    EXPECT_LE(next->rows.size(), static_cast<size_t>(limit));
    for (const AttemptRow& row : next->rows) {
      all.keys.push_back(
          absl::StrCat(row.attempt.event_seq, "#", row.attempt.number));
    }
    EXPECT_GE(next->position, all.position);
    all.position = next->position;
    all.gap |= next->gap;
    if (next->at_end) return all;
  }
}

// In one segment, and in several, sealed or not.
struct Layout {
  int64_t segment_rows;
  bool seal;
};

class AttemptFollowerTest : public ::testing::TestWithParam<Layout> {
 protected:
  AttemptFollowerTest() { Open(); }
  void Open() {
    log_.reset();
    log_ = *SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = GetParam().segment_rows}, &clock_);
  }
  void Append(NewEvent event) {
    ASSERT_TRUE(AppendAndWait(*log_, {std::move(event)}).ok());
  }
  void Record(int64_t seq, int number, int64_t start, bool succeeded = true,
              const std::string& topic = "t", int64_t uid = 7) {
    DeliveryUpdate update = {.subscription_uid = uid};
    update.attempts = {{.event_seq = seq,
                        .subscription_uid = uid,
                        .number = number,
                        .start_time = absl::FromUnixSeconds(start),
                        .duration = absl::Milliseconds(1),
                        .topic = topic,
                        .succeeded = succeeded}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    if (GetParam().seal) log_->WaitUntilSealed();
  }
  // Of tenant 1, with attempts that are not recorded in the order in which
  // they began; 99 is another tenant's.
  void WriteSome() {
    std::vector<NewEvent> events = {MakeEvent("a", {7}), MakeEvent("b", {7}),
                                    MakeEvent("c", {7, 17})};
    events[1].asset_id = "asset-2";
    events[1].object_type = ObjectType::kAsset;
    for (const NewEvent& event : events) Append(event);
    NewEvent foreign = MakeEvent("a", {99});
    foreign.tenant_uid = 2;
    Append(foreign);
    Record(2, 1, 30, false);
    Record(1, 1, 10);
    Record(4, 1, 10, true, "t", 99);
    Record(3, 1, 20, true, "other");
    Record(3, 1, 21, true, "t", 17);
    Record(2, 2, 40);
  }
  std::unique_ptr<AttemptFollower> Follow(std::optional<int64_t> after = {},
                                          bool live = true) {
    auto follower = SqliteHistoryReader(log_.get())
                        .FollowAttempts(query_, succeeded_, after, live);
    EXPECT_TRUE(follower.ok()) << follower.status();
    return *std::move(follower);
  }
  std::vector<std::string> Keys() { return FollowToEnd(*Follow()).keys; }

  TempDir temp_;
  SetClock clock_;
  std::unique_ptr<SqliteEventLog> log_;
  HistoryQuery query_ = {.tenant_uid = 1};
  std::optional<bool> succeeded_;
};

INSTANTIATE_TEST_SUITE_P(Layouts, AttemptFollowerTest,
                         ::testing::Values(Layout{400'000, false},
                                           Layout{1, false}, Layout{1, true},
                                           Layout{3, true}));

TEST_P(AttemptFollowerTest, GivesAttemptsInTheOrderOfTheirCommits) {
  EXPECT_THAT(Keys(), IsEmpty());
  WriteSome();
  for (bool reopened : {false, true}) {
    if (reopened) Open();
    EXPECT_THAT(Keys(), ElementsAre("2#1", "1#1", "3#1", "3#1", "2#2"));
    EXPECT_THAT(FollowToEnd(*Follow(), 1).keys,
                ElementsAre("2#1", "1#1", "3#1", "3#1", "2#2"));
  }
}

TEST_P(AttemptFollowerTest, Filters) {
  WriteSome();
  struct Case {
    HistoryQuery query;
    std::optional<bool> succeeded;
    std::vector<std::string> keys;
  };
  const std::vector<Case> cases = {
      {{.subscription_uid = 7}, {}, {"2#1", "1#1", "3#1", "2#2"}},
      {{.subscription_uid = 99}, {}, {}},
      {{.start_time = absl::FromUnixSeconds(21)}, {}, {"2#1", "3#1", "2#2"}},
      {{.end_time = absl::FromUnixSeconds(21)}, {}, {"1#1", "3#1"}},
      {{.retained_since = absl::FromUnixSeconds(40)}, {}, {"2#2"}},
      {{.object_type = ObjectType::kAsset}, {}, {"2#1", "2#2"}},
      {{.asset_id = "asset-2"}, {}, {"2#1", "2#2"}},
      {{.asset_id = "asset-2"}, false, {"2#1"}},
      {{.event_id = "b"}, {}, {"2#1", "2#2"}},
      {{.event_id = "b"}, true, {"2#2"}},
      {{.event_id = "nothing"}, {}, {}},
      {{.subscription_uid = 17, .event_seq = 3}, {}, {"3#1"}},
      {{.event_seq = 4}, {}, {}},
      {{.topic = "other"}, {}, {"3#1"}},
      {{}, false, {"2#1"}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    query_ = cases[i].query;
    query_.tenant_uid = 1;
    succeeded_ = cases[i].succeeded;
    EXPECT_EQ(Keys(), cases[i].keys) << "case " << i;
  }
}

TEST_P(AttemptFollowerTest, GoesOnWithWhatIsRecordedLater) {
  Append(MakeEvent("a", {7}));
  const auto live = Follow();
  const auto ends = Follow({}, /*live=*/false);
  EXPECT_THAT(FollowToEnd(*live).keys, IsEmpty());
  for (int number = 1; number <= 5; ++number) {
    Record(1, number, 100 - number);
    EXPECT_THAT(FollowToEnd(*live).keys,
                ElementsAre(absl::StrCat("1#", number)));
  }
  EXPECT_THAT(FollowToEnd(*live).keys, IsEmpty());
  EXPECT_THAT(FollowToEnd(*ends).keys, IsEmpty());
}

TEST_P(AttemptFollowerTest, AnEventThatComesLaterIsFollowedToo) {
  query_.event_id = "b";
  const auto follower = Follow();
  Append(MakeEvent("a", {7}));
  Record(1, 1, 10);
  EXPECT_THAT(FollowToEnd(*follower).keys, IsEmpty());
  Append(MakeEvent("b", {7}));
  Record(2, 1, 11);
  EXPECT_THAT(FollowToEnd(*follower).keys, ElementsAre("2#1"));
}

TEST_P(AttemptFollowerTest, EveryPositionIsOneToGoOnFrom) {
  WriteSome();
  std::optional<int64_t> after;
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) {
    Open();
    auto next = Follow(after)->Next(1);
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_EQ(next->rows.size(), 1u);
    EXPECT_FALSE(next->gap);
    keys.push_back(absl::StrCat(next->rows[0].attempt.event_seq));
    after = next->position;
  }
  EXPECT_THAT(keys, ElementsAre("2", "1", "3", "3", "2"));
  const Followed rest = FollowToEnd(*Follow(after));
  EXPECT_THAT(rest.keys, IsEmpty());
  EXPECT_EQ(rest.position, 6);
}

TEST_P(AttemptFollowerTest, APositionThatTheLogNeverReachedIsOutOfRange) {
  WriteSome();
  EXPECT_TRUE(absl::IsOutOfRange(SqliteHistoryReader(log_.get())
                                     .FollowAttempts(query_, {}, 7, true)
                                     .status()));
}

TEST_P(AttemptFollowerTest, StopsAtSoManyBytes) {
  Append(MakeEvent("a", {7}));
  const std::string topic(60'000, 't');
  for (int number = 1; number <= 12; ++number) {
    Record(1, number, 100, true, topic);
  }
  auto follower = Follow();
  auto next = follower->Next(100);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_GE(next->rows.size(), GetParam().segment_rows == 400'000 ? 5u : 1u);
  EXPECT_LE(next->rows.size(), 5u);
  EXPECT_EQ(next->rows.size() + FollowToEnd(*follower).keys.size(), 12u);
}

// More than a window holds, begun in the opposite order, by a key that is rare
// and by one that is not.
class ManyAttemptsTest : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr int kCount = 10'000;
  ManyAttemptsTest() {
    log_ = *SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = GetParam() ? kCount : 10 * kCount},
        Clock::Real());
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7})}).ok());
    DeliveryUpdate update = {.subscription_uid = 7};
    for (int i = 1; i <= kCount; ++i) {
      update.attempts.push_back(
          {.event_seq = 1,
           .subscription_uid = 7,
           .number = i,
           .start_time = absl::FromUnixSeconds(2 * kCount - i),
           .topic = i % 2 == 0 ? "even" : "odd",
           .succeeded = true});
    }
    EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("b", {7})}).ok());
    log_->WaitUntilSealed();
  }
  std::vector<std::string> Keys(const HistoryQuery& query) {
    auto follower = SqliteHistoryReader(log_.get())
                        .FollowAttempts(query, {}, std::nullopt, true);
    return FollowToEnd(**follower).keys;
  }

  TempDir temp_;
  std::unique_ptr<SqliteEventLog> log_;
};

INSTANTIATE_TEST_SUITE_P(Sealed, ManyAttemptsTest, ::testing::Bool());

TEST_P(ManyAttemptsTest, WindowsFollowEachOther) {
  std::vector<std::string> all, even;
  for (int i = 1; i <= kCount; ++i) {
    all.push_back(absl::StrCat("1#", i));
    if (i % 2 == 0) even.push_back(all.back());
  }
  EXPECT_EQ(Keys({.tenant_uid = 1}), all);
  EXPECT_EQ(Keys({.tenant_uid = 1, .subscription_uid = 7}), all);
  EXPECT_EQ(Keys({.tenant_uid = 1, .event_id = "a"}), all);
  EXPECT_EQ(Keys({.tenant_uid = 1, .topic = "even"}), even);
  EXPECT_THAT(Keys({.tenant_uid = 1, .event_id = "b"}), IsEmpty());
}

// ---- what retention drops ---------------------------------------------------

class DroppedSegmentTest : public ::testing::Test {
 protected:
  DroppedSegmentTest() {
    log_ = *SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = 2, .retention = absl::Hours(1)},
        &clock_);
  }
  // In a segment of its own.
  void Deliver() {
    const int64_t seq = ++last_seq_;
    ASSERT_TRUE(
        AppendAndWait(*log_, {MakeEvent(absl::StrCat("e", seq), {7})}).ok());
    DeliveryUpdate update = {.subscription_uid = 7,
                             .cursor = seq,
                             .sent_through = seq,
                             .newly_delivered = 1};
    update.attempts = {{.event_seq = seq,
                        .subscription_uid = 7,
                        .start_time = clock_.Now(),
                        .topic = "t",
                        .succeeded = true}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    log_->WaitUntilSealed();
  }
  // Drops all but the newest ones: retention is applied with a commit.
  void DropOld() {
    clock_.Set(absl::ToUnixSeconds(clock_.Now()) + 2 * 3600);
    Deliver();
    Deliver();
    ASSERT_GT(log_->store()->list().Get()->front()->number, 2);
  }

  TempDir temp_;
  SetClock clock_;
  std::unique_ptr<SqliteEventLog> log_;
  int64_t last_seq_ = 0;
};

TEST_F(DroppedSegmentTest, IsAGapForWhoWasNotPastIt) {
  for (int i = 0; i < 4; ++i) Deliver();
  SqliteHistoryReader history(log_.get());
  const HistoryQuery query = {.tenant_uid = 1};
  auto slow = *history.FollowAttempts(query, {}, std::nullopt, true);
  auto quick = *history.FollowAttempts(query, {}, std::nullopt, true);
  auto first = slow->Next(1);
  ASSERT_TRUE(first.ok());
  const Followed all = FollowToEnd(*quick);
  EXPECT_THAT(all.keys, ElementsAre("1#1", "2#1", "3#1", "4#1"));
  DropOld();
  const Followed rest = FollowToEnd(*quick);
  EXPECT_THAT(rest.keys, ElementsAre("5#1", "6#1"));
  EXPECT_FALSE(rest.gap);
  for (bool resumed : {false, true}) {
    if (resumed) {
      slow = *history.FollowAttempts(query, {}, first->position, true);
    }
    const Followed late = FollowToEnd(*slow);
    EXPECT_THAT(late.keys, IsSupersetOf({"5#1", "6#1"}));
    EXPECT_THAT(late.keys, Not(Contains("2#1")));
    EXPECT_TRUE(late.gap);
  }
  // Who begins anew misses nothing that they were promised.
  auto anew = *history.FollowAttempts(query, {}, std::nullopt, true);
  EXPECT_FALSE(FollowToEnd(*anew).gap);
}

// ---- while the log is written -----------------------------------------------

TEST(AttemptFollowerThreadsTest, ResumedAgainAndAgainMissesAndRepeatsNothing) {
  constexpr int kAttempts = 3000;
  TempDir temp;
  auto log = *SqliteEventLog::Open(temp.File("log"), {.segment_rows = 100},
                                   Clock::Real());
  ASSERT_TRUE(AppendAndWait(*log, {MakeEvent("a", {7})}).ok());
  std::thread writer([&] {
    for (int number = 1; number <= kAttempts;) {
      DeliveryUpdate update = {.subscription_uid = 7};
      for (int i = 0; i < 1 + number % 4; ++i, ++number) {
        update.attempts.push_back({.event_seq = 1,
                                   .subscription_uid = 7,
                                   .number = number,
                                   .start_time = absl::Now(),
                                   .topic = "t",
                                   .succeeded = true});
      }
      ASSERT_TRUE(CommitAndWait(*log, {update}).ok());
    }
  });
  SqliteHistoryReader history(log.get());
  int expected = 1;
  std::optional<int64_t> after;
  while (expected <= kAttempts) {
    auto follower = *history.FollowAttempts({.tenant_uid = 1}, {}, after, true);
    auto next = follower->Next(37);
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_FALSE(next->gap);
    for (const AttemptRow& row : next->rows) {
      ASSERT_EQ(row.attempt.number, expected++);
    }
    after = next->position;
  }
  writer.join();
}

TEST(AttemptListenerTest, HearsOfTheTenantsWhoseAttemptsWereRecorded) {
  TempDir temp;
  std::vector<std::vector<int64_t>> heard;
  auto log = *SqliteEventLog::Open(temp.File("log"), Clock::Real());
  log->SetAttemptListener(
      [&](std::vector<int64_t> tenants) { heard.push_back(tenants); });
  NewEvent other = MakeEvent("a", {8});
  other.tenant_uid = 2;
  ASSERT_TRUE(AppendAndWait(*log, {MakeEvent("a", {7}), other}).ok());
  DeliveryUpdate first = {.subscription_uid = 7};
  first.attempts = {{.event_seq = 1, .subscription_uid = 7, .topic = "t"},
                    {.event_seq = 1, .subscription_uid = 7, .topic = "t"}};
  DeliveryUpdate second = {.subscription_uid = 8};
  second.attempts = {{.event_seq = 2, .subscription_uid = 8, .topic = "t"}};
  const DeliveryUpdate none = {.subscription_uid = 7};
  ASSERT_TRUE(CommitAndWait(*log, {first, second}).ok());
  ASSERT_TRUE(CommitAndWait(*log, {none}).ok());
  ASSERT_TRUE(CommitAndWait(*log, {second}).ok());
  log.reset();
  EXPECT_THAT(heard, ElementsAre(ElementsAre(1, 2), ElementsAre(2)));
}

}  // namespace
}  // namespace mqttpush
