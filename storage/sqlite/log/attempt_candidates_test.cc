#include "storage/sqlite/log/attempt_candidates.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

struct PlanCase {
  std::string name;
  void (*fill)(HistoryQuery& query);
  std::optional<bool> succeeded;
  Dimension dimension;
  int64_t key;
};

class AttemptPlanTest : public ::testing::TestWithParam<PlanCase> {};

TEST_P(AttemptPlanTest, WalksTheMostSelectiveDimension) {
  HistoryQuery query;
  query.tenant_uid = 1;
  GetParam().fill(query);
  const PostingQuery plan =
      PlanAttempts(query, GetParam().succeeded, std::nullopt);
  EXPECT_EQ(plan.dimension, GetParam().dimension);
  EXPECT_EQ(plan.key, GetParam().key);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AttemptPlanTest,
    ::testing::Values(
        PlanCase{"All", [](HistoryQuery&) {}, std::nullopt,
                 Dimension::kAttemptsOfTenant, 1},
        PlanCase{"Succeeded", [](HistoryQuery&) {}, true,
                 Dimension::kAttemptsOfTenant, 1},
        PlanCase{"Failed", [](HistoryQuery&) {}, false,
                 Dimension::kFailedAttemptsOfTenant, 1},
        PlanCase{"FailedOfASubscription",
                 [](HistoryQuery& query) { query.subscription_uid = 7; }, false,
                 Dimension::kFailedAttemptsOfTenant, 1},
        PlanCase{"FailedOfAnAsset",
                 [](HistoryQuery& query) { query.asset_id = "a"; }, false,
                 Dimension::kAttemptsOfAsset, TextKey(1, "a")},
        PlanCase{"OfAnAssetRatherThanATopic",
                 [](HistoryQuery& query) {
                   query.asset_id = "a";
                   query.topic = "t";
                 },
                 std::nullopt, Dimension::kAttemptsOfAsset, TextKey(1, "a")},
        PlanCase{"OfATopic", [](HistoryQuery& query) { query.topic = "t"; },
                 false, Dimension::kAttemptsOfTopic, TextKey(1, "t")},
        PlanCase{"OfASubscriptionRatherThanAType",
                 [](HistoryQuery& query) {
                   query.subscription_uid = 7;
                   query.object_type = ObjectType::kGensetData;
                 },
                 std::nullopt, Dimension::kAttemptsOfSubscription, 7},
        PlanCase{"OfAType",
                 [](HistoryQuery& query) {
                   query.object_type = ObjectType::kGensetData;
                 },
                 true, Dimension::kAttemptsOfType,
                 TypeKey(1, ObjectType::kGensetData)}),
    [](const auto& info) { return info.param.name; });

TEST(AttemptPlanBoundsTest, EverythingIsBoundedByNothing) {
  HistoryQuery query;
  const PostingQuery plan = PlanAttempts(query, std::nullopt, std::nullopt);
  EXPECT_EQ(plan.before.order, kLastPosting.order);
  EXPECT_EQ(plan.oldest_order, 0);
}

TEST(AttemptPlanBoundsTest, StartIsInclusiveAndEndExclusive) {
  HistoryQuery query;
  query.start_time = absl::FromUnixMicros(10);
  query.end_time = absl::FromUnixMicros(20);
  const PostingQuery plan = PlanAttempts(query, std::nullopt, std::nullopt);
  EXPECT_EQ(plan.oldest_order, 10);
  EXPECT_LT((Posting{19, kLastPosting.row}), plan.before);
  EXPECT_GE((Posting{20, 1}), plan.before);
}

TEST(AttemptPlanBoundsTest, APageGoesOnAfterTheLastKey) {
  HistoryQuery query;
  const AttemptKey after = {absl::FromUnixMicros(15), 3};
  const PostingQuery plan = PlanAttempts(query, std::nullopt, after);
  EXPECT_EQ(plan.before, (Posting{15, 3}));
}

// Event 1 is in the oldest segment, its attempts in others: one sealed, one the
// newest.
class AttemptsOfAnOldEventTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    Open();
    NewEvent event = MakeEvent("old", {7});
    event.asset_id = "old-asset";
    event.object_type = ObjectType::kGensetData;
    ASSERT_TRUE(AppendAndWait(*log_, {event}).ok());
    AddOthers();
    Attempt(1);
    AddOthers();
    Attempt(2);
    log_->WaitUntilSealed();
    if (GetParam()) Open();
  }
  void Open() {
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"), {.segment_rows = 4},
                                 Clock::Real());
  }
  void AddOthers() {
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(
          AppendAndWait(*log_, {MakeEvent(absl::StrCat("e", ++made_), {7})})
              .ok());
    }
  }
  void Attempt(int number) {
    DeliveryUpdate update = {.subscription_uid = 7};
    update.attempts = {{.event_seq = 1,
                        .subscription_uid = 7,
                        .number = number,
                        .topic = "old-topic"}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  size_t Count(const HistoryQuery& query) {
    auto page = SqliteHistoryReader(log_.get())
                    .ListAttempts(query, std::nullopt, std::nullopt, 100);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const AttemptRow& row : page->rows) EXPECT_EQ(row.event_id, "old");
    return page->rows.size();
  }

  TempDir temp_;
  int made_ = 0;
  std::unique_ptr<SqliteEventLog> log_;
};

INSTANTIATE_TEST_SUITE_P(Reopened, AttemptsOfAnOldEventTest, ::testing::Bool());

TEST_P(AttemptsOfAnOldEventTest, AreFoundByWhatTheirEventIs) {
  EXPECT_EQ(Count({.tenant_uid = 1, .asset_id = "old-asset"}), 2u);
  EXPECT_EQ(Count({.tenant_uid = 1, .object_type = ObjectType::kGensetData}),
            2u);
  EXPECT_EQ(Count({.tenant_uid = 1, .event_id = "old"}), 2u);
  EXPECT_EQ(Count({.tenant_uid = 1, .event_seq = 1}), 2u);
  EXPECT_EQ(Count({.tenant_uid = 1, .topic = "old-topic"}), 2u);
  EXPECT_EQ(Count({.tenant_uid = 1, .asset_id = "asset-1"}), 0u);
}

TEST_P(AttemptsOfAnOldEventTest, AreOfNoTypeOnceItIsLost) {
  std::filesystem::remove(log_->store()->list().Get()->front()->path);
  EXPECT_EQ(Count({.tenant_uid = 1,
                   .object_type = ObjectType::kAsset,
                   .topic = "old-topic"}),
            0u);
}

}  // namespace
}  // namespace mqttpush
