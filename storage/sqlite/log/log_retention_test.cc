#include "storage/sqlite/log/log_retention.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'000'000);

RetentionCandidate Sealed(int64_t bytes, absl::Duration age) {
  return {.bytes = bytes, .last_time = kNow - age, .sealed = true};
}

TEST(DecideRetentionTest, DropsByAgeAndBySizeTheOldestFirst) {
  const LogOptions by_age = {.retention = absl::Hours(10)};
  const LogOptions by_size = {.retention = absl::Hours(1000),
                              .retention_bytes = 25};
  const std::vector<RetentionCandidate> candidates = {
      Sealed(10, absl::Hours(12)), Sealed(10, absl::Hours(11)),
      Sealed(10, absl::Hours(10)), Sealed(10, absl::Hours(1))};
  const auto none = [](size_t) { return false; };
  EXPECT_THAT(DecideRetention(candidates, kNow, by_age, none).drop,
              ElementsAre(0, 1));
  EXPECT_THAT(DecideRetention(candidates, kNow, by_size, none).drop,
              ElementsAre(0, 1));
  EXPECT_THAT(DecideRetention(candidates, kNow, LogOptions(), none).drop,
              IsEmpty());
}

TEST(DecideRetentionTest, PassesByWhatHoldsUndeliveredEvents) {
  const LogOptions options = {.retention = absl::Hours(10)};
  const RetentionDecision decision = DecideRetention(
      {Sealed(10, absl::Hours(12)), Sealed(10, absl::Hours(11))}, kNow, options,
      [](size_t position) { return position == 0; });
  EXPECT_THAT(decision.drop, ElementsAre(1));
  EXPECT_EQ(decision.held, 1);
}

// Attempts and exceptions tell what became of events of earlier segments.
TEST(DecideRetentionTest, KeepsWhatTellsOfEventsThatAreKept) {
  const LogOptions options = {.retention = absl::Hours(10)};
  std::vector<RetentionCandidate> candidates(3, Sealed(10, absl::Hours(12)));
  candidates[0].last_event_seq = 5;
  candidates[1].last_event_seq = 9;
  candidates[1].first_touched_seq = 6;
  candidates[2].first_touched_seq = 4;
  const RetentionDecision decision = DecideRetention(
      candidates, kNow, options, [](size_t position) { return position == 0; });
  EXPECT_THAT(decision.drop, ElementsAre(1));
  EXPECT_EQ(decision.held, 2);
}

TEST(DecideRetentionTest, KeepsWhatIsNotSealed) {
  RetentionCandidate open = Sealed(10, absl::Hours(12));
  open.sealed = false;
  EXPECT_THAT(DecideRetention({open}, kNow, {.retention = absl::Hours(1)},
                              [](size_t) { return false; })
                  .drop,
              IsEmpty());
}

class SteppingClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixMicros(now_us_.load());
  }
  void Advance(absl::Duration by) { now_us_ += absl::ToInt64Microseconds(by); }

 private:
  std::atomic<int64_t> now_us_{absl::ToUnixMicros(kNow)};
};

// Segments of two rows: an event and its attempt. Events of subscription 7 are
// delivered at once, those of 8 wait.
class LogRetentionTest : public ::testing::Test {
 protected:
  LogRetentionTest() { Open(); }
  void Open() {
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"),
                                 {.segment_rows = 2,
                                  .dedupe_window = absl::Hours(1),
                                  .retention = absl::Hours(24)},
                                 &clock_);
  }
  void Accept(const std::string& id, int64_t uid) {
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent(id, {uid})}).ok());
    ++last_seq_;
    if (uid != 7) return;
    DeliveryUpdate update = {
        .subscription_uid = 7, .cursor = last_seq_, .sent_through = last_seq_};
    update.attempts = {{.event_seq = last_seq_,
                        .subscription_uid = 7,
                        .start_time = clock_.Now(),
                        .topic = "t",
                        .succeeded = true}};
    update.newly_delivered = 1;
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  // Retention is looked after with every commit, at most once a minute.
  void Age(absl::Duration by) {
    log_->WaitUntilSealed();
    clock_.Advance(by);
    Accept(absl::StrCat("aged", last_seq_), 8);
    Accept(absl::StrCat("aged", last_seq_), 8);
  }
  std::vector<int64_t> SegmentsKept() {
    std::vector<int64_t> numbers;
    for (const auto& segment : *log_->store()->list().Get()) {
      numbers.push_back(segment->number);
    }
    return numbers;
  }
  std::vector<ConservationDifference> Differences() {
    SqliteConservationAudit audit(log_.get());
    while (true) {
      auto report = audit.Step();
      EXPECT_TRUE(report.ok()) << report.status();
      if (!report.ok()) return {};
      if (report->has_value()) return (*report)->differences;
    }
  }

  TempDir temp_;
  SteppingClock clock_;
  std::unique_ptr<SqliteEventLog> log_;
  int64_t last_seq_ = 0;
};

TEST_F(LogRetentionTest, DropsWholeSegmentsAndTheBooksStillBalance) {
  for (const char* id : {"a", "b", "c"}) Accept(id, 7);
  Accept("waits", 8);
  Age(absl::Hours(25));
  EXPECT_EQ(SegmentsKept().front(), 4);
  EXPECT_TRUE(absl::IsNotFound(log_->ReadEvent(1).status()));
  EXPECT_EQ(log_->ReadEvent(4)->event_id, "waits");
  EXPECT_EQ(log_->GetSubscriptionState(7)->delivered_count, 3);
  EXPECT_THAT(Differences(), IsEmpty());
  Open();
  EXPECT_EQ(SegmentsKept().front(), 4);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(LogRetentionTest, HistoryGoesOnWithoutWhatWasDropped) {
  for (const char* id : {"a", "b", "c"}) Accept(id, 7);
  SqliteHistoryReader history(log_.get());
  HistoryQuery query;
  query.tenant_uid = 1;
  auto page = history.ListAttempts(query, {}, {}, 1);
  ASSERT_TRUE(page->next.has_value());
  Age(absl::Hours(25));
  page = history.ListAttempts(query, {}, page->next, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->rows, IsEmpty());
  EXPECT_FALSE(page->next.has_value());
}

TEST_F(LogRetentionTest, AnIdOfADroppedEventIsNewAgain) {
  Accept("a", 7);
  EXPECT_THAT(*AppendAndWait(*log_, {MakeEvent("a", {7})}),
              ElementsAre(AppendOutcome::kDuplicate));
  Age(absl::Hours(25));
  EXPECT_THAT(*AppendAndWait(*log_, {MakeEvent("a", {7})}),
              ElementsAre(AppendOutcome::kAccepted));
}

}  // namespace
}  // namespace mqttpush
