#include "storage/sqlite/log/log_retention.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/retention_fixture.h"
#include "storage/sqlite/log/sqlite_history_reader.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kNow = RetentionFixture::kBeginning;

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

TEST(DecideRetentionTest, KeepsWhatIsNotSealed) {
  RetentionCandidate open = Sealed(10, absl::Hours(12));
  open.sealed = false;
  EXPECT_THAT(DecideRetention({open}, kNow, {.retention = absl::Hours(1)},
                              [](size_t) { return false; })
                  .drop,
              IsEmpty());
}

// As a subscription of which all four events have ended has it.
SubscriptionRecovery Quiet() {
  return {.state = {.uid = 7,
                    .cursor = 10,
                    .accepted_count = 4,
                    .delivered_count = 1,
                    .parked_count = 1,
                    .expired_count = 1,
                    .discarded_count = 1}};
}

TEST(FindUndeliveredTest, AQuietSubscriptionHasNone) {
  EXPECT_THAT(FindUndelivered({Quiet()}), IsEmpty());
}

TEST(FindUndeliveredTest, TellsWhatWaitsAndWhatIsKnownOneByOne) {
  SubscriptionRecovery waiting = Quiet();
  ++waiting.state.accepted_count;
  SubscriptionRecovery retrying = waiting;
  retrying.state.retrying_count = 1;
  retrying.exceptions = {{.event_seq = 3}};
  SubscriptionRecovery ahead = waiting;
  ahead.state.parked_count = 2;
  ahead.exceptions = {{.event_seq = 12, .state = DeliveryState::kParked}};
  SubscriptionRecovery attempted = ahead;
  attempted.exceptions = {};
  attempted.attempted = {{.event_seq = 12, .delivered = true}};
  SubscriptionRecovery both = attempted;
  both.exceptions = {{.event_seq = 15}};
  const struct {
    SubscriptionRecovery subscription;
    std::optional<int64_t> waiting_after;
    std::vector<int64_t> seqs;
  } kCases[] = {{waiting, 10, {}},
                {retrying, std::nullopt, {3}},
                {ahead, 10, {12}},
                {attempted, 10, {12}},
                {both, 10, {12, 15}}};
  for (const auto& c : kCases) {
    const auto found = FindUndelivered({Quiet(), c.subscription});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].subscription_uid, 7);
    EXPECT_EQ(found[0].waiting_after, c.waiting_after);
    EXPECT_EQ(found[0].seqs, c.seqs);
  }
}

// Segments of two rows: an event and its attempt. Events of subscription 7 are
// delivered at once, those of 8 wait.
class LogRetentionTest : public RetentionFixture {
 protected:
  LogRetentionTest() {
    options_.segment_rows = 2;
    Open();
  }
  void Accept(const std::string& id, int64_t uid) {
    const int64_t seq = Append(id, uid);
    if (uid == 7) Deliver(seq, uid);
  }
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
