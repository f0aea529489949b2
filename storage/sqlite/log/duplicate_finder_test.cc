#include "storage/sqlite/log/duplicate_finder.h"

#include <atomic>
#include <filesystem>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "storage/sqlite/log/segment_store.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// Segments of one event each: "sealed" accepted at 1 s, "closed" at 2 s and
// "newest" at 3 s; between the first two a sealed one of attempts only.
class DuplicateFinderTest : public ::testing::Test {
 protected:
  DuplicateFinderTest()
      : store_(*SegmentStore::Open(temp_.File("log"))),
        sealed_(store_->PathOf(1)),
        attempts_(store_->PathOf(2), 2, 2, 1),
        closed_(store_->PathOf(3), 3, 2, 2),
        newest_(store_->PathOf(4), 4, 3, 2) {
    sealed_.AddEvent(MakeEvent("sealed", {7}));
    store_->list().Append(sealed_.Seal());
    attempts_.AddAttempt(1, {.event_seq = 1, .subscription_uid = 7}, "asset-1",
                         ObjectType::kLocation);
    store_->list().Append(attempts_.Seal());
    closed_.AddEvent(MakeEvent("closed", {7}));
    closed_.Flush();
    store_->list().Append(closed_.segment());
    newest_.AddEvent(MakeEvent("newest", {7}));
    newest_.Flush();
    store_->list().Append(newest_.segment());
  }
  bool IsDuplicate(const std::string& id, int64_t since_s = 0,
                   int64_t tenant_uid = 1) {
    DuplicateFinder finder(store_.get(), absl::FromUnixSeconds(since_s));
    return Ask(finder, id, tenant_uid);
  }
  bool Ask(DuplicateFinder& finder, const std::string& id,
           int64_t tenant_uid = 1) {
    return AskAll(finder, {id}, tenant_uid)[0];
  }
  std::vector<bool> AskAll(DuplicateFinder& finder,
                           const std::vector<std::string>& ids,
                           int64_t tenant_uid = 1) {
    events_.push_back(std::make_unique<std::vector<NewEvent>>());
    std::vector<int64_t> keys;
    for (const std::string& id : ids) {
      events_.back()->push_back(MakeEvent(id, {7}));
      events_.back()->back().tenant_uid = tenant_uid;
      keys.push_back(TextKey(tenant_uid, id));
    }
    auto duplicates = finder.Find(*events_.back(), keys);
    EXPECT_TRUE(duplicates.ok()) << duplicates.status();
    return *duplicates;
  }

  TempDir temp_;
  std::unique_ptr<SegmentStore> store_;
  SegmentFixture sealed_, attempts_, closed_, newest_;
  std::vector<std::unique_ptr<std::vector<NewEvent>>> events_;
};

TEST_F(DuplicateFinderTest, FindsIdsInEverySegment) {
  EXPECT_TRUE(IsDuplicate("newest"));
  EXPECT_TRUE(IsDuplicate("closed"));
  EXPECT_TRUE(IsDuplicate("sealed"));
  EXPECT_FALSE(IsDuplicate("other"));
}

TEST_F(DuplicateFinderTest, AnswersManyAtOnceInTheirOrder) {
  std::vector<std::string> ids = {"new-0", "sealed", "new-0", "newest"};
  std::vector<bool> expected = {false, true, true, true};
  for (int i = 1; i <= 40; ++i) {
    ids.push_back(absl::StrCat("new-", i));
    expected.push_back(false);
  }
  ids.push_back("closed");
  expected.push_back(true);
  DuplicateFinder finder(store_.get(), absl::UnixEpoch());
  EXPECT_EQ(AskAll(finder, ids), expected);
  EXPECT_TRUE(AskAll(finder, {"new-7"})[0]);
}

TEST_F(DuplicateFinderTest, IdOfAnotherTenantIsNone) {
  EXPECT_FALSE(IsDuplicate("newest", 0, 2));
  EXPECT_FALSE(IsDuplicate("sealed", 0, 2));
}

TEST_F(DuplicateFinderTest, IdAskedForTwiceIsADuplicate) {
  DuplicateFinder finder(store_.get(), absl::UnixEpoch());
  EXPECT_FALSE(Ask(finder, "other"));
  EXPECT_TRUE(Ask(finder, "other"));
  EXPECT_FALSE(Ask(finder, "other", 2));
}

TEST_F(DuplicateFinderTest, WhatIsBeyondTheWindowDoesNotCount) {
  EXPECT_TRUE(IsDuplicate("sealed", 1));  // the beginning is within it
  EXPECT_FALSE(IsDuplicate("sealed", 2));
  EXPECT_TRUE(IsDuplicate("closed", 2));
  EXPECT_FALSE(IsDuplicate("closed", 3));
  EXPECT_FALSE(IsDuplicate("newest", 4));
}

TEST_F(DuplicateFinderTest, SegmentsBeyondTheWindowAreNotOpened) {
  std::filesystem::remove(store_->PathOf(1));
  EXPECT_FALSE(IsDuplicate("sealed", 2));
  EXPECT_EQ(store_->list().Get()->size(), 4u);
}

TEST_F(DuplicateFinderTest, SegmentsWithoutTheIdAreNotOpened) {
  std::filesystem::remove(store_->PathOf(1));
  EXPECT_FALSE(IsDuplicate("other"));
  EXPECT_EQ(store_->list().Get()->size(), 4u);
}

// The first two segments are a group.
TEST_F(DuplicateFinderTest, AsksTheFilterOfAGroupBeforeItsSegments) {
  auto filter = std::make_shared<KeyFilter>(10);
  filter->Add(Dimension::kEventById, TextKey(1, "sealed"));
  store_->list().Change([](const Segment& one) { return one.number <= 2; },
                        [&](Segment& one) {
                          one.group_filter = filter;
                          one.filter =
                              nullptr;  // would be looked into for any id
                        });
  EXPECT_TRUE(IsDuplicate("sealed"));
  EXPECT_TRUE(IsDuplicate("closed"));
  DuplicateFinder finder(store_.get(), absl::UnixEpoch());
  EXPECT_EQ(AskAll(finder, {"a", "sealed", "b", "newest", "sealed", "c"}),
            (std::vector<bool>{false, true, false, true, true, false}));
  std::filesystem::remove(store_->PathOf(1));
  EXPECT_FALSE(IsDuplicate("other"));
  EXPECT_EQ(store_->list().Get()->size(), 4u);  // nobody missed the file
}

TEST_F(DuplicateFinderTest, WhatADamagedSegmentHeldIsNotKnown) {
  std::filesystem::resize_file(store_->PathOf(1), 5000);
  EXPECT_FALSE(IsDuplicate("sealed"));
  EXPECT_EQ(store_->list().Get()->size(), 3u);
  EXPECT_TRUE(IsDuplicate("closed"));
}

class SettableClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(now_s_); }
  std::atomic<int64_t> now_s_{1'000'000};
};

TEST(DuplicateWindowTest, AnIdCanBeUsedAgainOnceItsWindowIsOver) {
  TempDir temp;
  SettableClock clock;
  const LogOptions options = {.segment_rows = 2,
                              .dedupe_window = absl::Seconds(100)};
  auto log = *SqliteEventLog::Open(temp.File("log"), options, &clock);
  const auto append = [&](const std::string& id) {
    return AppendAndWait(*log, {MakeEvent(id, {7})})->front();
  };
  for (const char* id : {"a", "b", "c", "d", "e"}) append(id);
  log->WaitUntilSealed();
  clock.now_s_ += 100;
  EXPECT_EQ(append("a"), AppendOutcome::kDuplicate);
  EXPECT_EQ(append("e"), AppendOutcome::kDuplicate);
  clock.now_s_ += 1;
  EXPECT_EQ(append("a"), AppendOutcome::kAccepted);
  EXPECT_EQ(append("a"), AppendOutcome::kDuplicate);
  log.reset();
  log = *SqliteEventLog::Open(temp.File("log"), options, &clock);
  EXPECT_EQ(append("a"), AppendOutcome::kDuplicate);
  EXPECT_EQ(append("b"), AppendOutcome::kAccepted);
}

// Over groups of segments that are complete, and one that is not.
TEST(DuplicateWindowTest, FindsIdsInGroupsAlsoAfterARestart) {
  TempDir temp;
  SettableClock clock;
  constexpr int kEvents = 40;
  std::vector<NewEvent> again;
  for (int run = 0; run < 2; ++run) {
    auto log =
        *SqliteEventLog::Open(temp.File("log"), {.segment_rows = 1}, &clock);
    for (int i = 0; run == 0 && i < kEvents; ++i) {
      again.push_back(MakeEvent(absl::StrCat("id-", i), {7}));
      ASSERT_TRUE(AppendAndWait(*log, {again.back()}).ok());
    }
    log->WaitUntilSealed();
    EXPECT_THAT(*AppendAndWait(*log, again), Each(AppendOutcome::kDuplicate));
    EXPECT_EQ(AppendAndWait(*log, {MakeEvent(absl::StrCat("new-", run), {7})})
                  ->front(),
              AppendOutcome::kAccepted);
    const auto segments = log->store()->list().Get();
    EXPECT_EQ(absl::c_count_if(*segments,
                               [](const SegmentPtr& segment) {
                                 return segment->group_filter != nullptr;
                               }),
              31);  // 1 to 15 and 16 to 31
  }
}

TEST(DuplicateWindowTest, FiltersAreInMemoryForTheWindowOnly) {
  TempDir temp;
  SettableClock clock;
  const LogOptions options = {.segment_rows = 1,
                              .dedupe_window = absl::Seconds(100)};
  auto log = *SqliteEventLog::Open(temp.File("log"), options, &clock);
  const auto count = [&] {
    log->WaitUntilSealed();
    return absl::c_count_if(
        *log->store()->list().Get(), [](const SegmentPtr& segment) {
          return segment->filter != nullptr || segment->group_filter != nullptr;
        });
  };
  const auto append = [&](int first, int last) {
    for (int i = first; i <= last; ++i) {
      const NewEvent event = MakeEvent(absl::StrCat("id-", i), {7});
      ASSERT_TRUE(AppendAndWait(*log, {event}).ok());
    }
  };
  append(1, 20);
  clock.now_s_ += 90;
  append(21, 25);
  EXPECT_EQ(count(), 24);
  clock.now_s_ += 60;
  append(26, 26);
  EXPECT_EQ(count(), 5);
  log.reset();
  log = *SqliteEventLog::Open(temp.File("log"), options, &clock);
  EXPECT_EQ(count(), 5);
}

TEST(DuplicateWindowTest, ABatchCannotUseAnOldIdTwice) {
  TempDir temp;
  SettableClock clock;
  auto log = *SqliteEventLog::Open(
      temp.File("log"), {.dedupe_window = absl::Seconds(100)}, &clock);
  ASSERT_TRUE(AppendAndWait(*log, {MakeEvent("a", {7})}).ok());
  clock.now_s_ += 101;
  EXPECT_THAT(*AppendAndWait(*log, {MakeEvent("a", {7}), MakeEvent("a", {7})}),
              ElementsAre(AppendOutcome::kAccepted, AppendOutcome::kDuplicate));
}

// Days of draining a backlog fill segments without a single event.
TEST(DuplicateWindowTest, SegmentsOfAttemptsOnlyDoNotEndTheSearch) {
  TempDir temp;
  SettableClock clock;
  auto log =
      *SqliteEventLog::Open(temp.File("log"), {.segment_rows = 2}, &clock);
  ASSERT_TRUE(AppendAndWait(*log, {MakeEvent("a", {7})}).ok());
  for (int number = 1; number <= 8; ++number) {
    DeliveryUpdate update = {.subscription_uid = 7};
    update.attempts = {
        {.event_seq = 1, .subscription_uid = 7, .number = number}};
    ASSERT_TRUE(CommitAndWait(*log, {update}).ok());
  }
  log->WaitUntilSealed();
  EXPECT_THAT(*AppendAndWait(*log, {MakeEvent("a", {7})}),
              ElementsAre(AppendOutcome::kDuplicate));
}

}  // namespace
}  // namespace mqttpush
