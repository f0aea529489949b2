// Holds every statement that reads the log to finding its rows by key, and the
// queries of the history to looking at no more of a segment than they need.
#include "storage/sqlite/log/log_statements.h"

#include <sqlite3.h>

#include <atomic>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_writer.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

class LogStatementTest : public ::testing::TestWithParam<const char*> {};

TEST_P(LogStatementTest, FindsItsRowsByKeyWithoutSorting) {
  TempDir temp;
  ASSERT_TRUE(SegmentWriter::Create(temp.File("1.db"), {}).ok());
  auto db = Database::Open(temp.File("1.db"), Database::Mode::kReadOnly);
  auto plan = db->Prepare(absl::StrCat("EXPLAIN QUERY PLAN ", GetParam()));
  ASSERT_TRUE(plan.ok()) << plan.status();
  int steps = 0;
  for (auto row = plan->Step(); *row; row = plan->Step(), ++steps) {
    const std::string detail = plan->Text(3);
    EXPECT_TRUE(absl::StartsWith(detail, "SEARCH ")) << detail;
    EXPECT_TRUE(absl::StrContains(detail, "PRIMARY KEY") ||
                absl::StrContains(detail, "sqlite_autoindex_index_block_1"))
        << detail;
  }
  EXPECT_EQ(steps, 1);
}

INSTANTIATE_TEST_SUITE_P(All, LogStatementTest,
                         ::testing::ValuesIn(kLogStatements));

// What SQLite did for the statements of the process that have ended.
std::atomic<int64_t> virtual_machine_steps{0};
std::atomic<int64_t> rows_scanned{0};

int CountStatement(unsigned, void*, void* statement, void*) {
  auto* ended = static_cast<sqlite3_stmt*>(statement);
  virtual_machine_steps +=
      sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_VM_STEP, 1);
  rows_scanned +=
      sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
  return 0;
}

int CountOnConnection(sqlite3* db, char**, const sqlite3_api_routines*) {
  return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, CountStatement, nullptr);
}

// A log of sealed segments, in which the tenth event of every segment differs
// from all others.
class LogOfSegments {
 public:
  explicit LogOfSegments(int events_per_segment) {
    auto log = SqliteEventLog::Open(temp_.File("log"),
                                    {.segment_rows = 2 * events_per_segment},
                                    Clock::Real());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    for (int i = 0; i < kSegments; ++i) AddSegment(events_per_segment);
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("last", {7})}).ok());
    log_->WaitUntilSealed();
    EXPECT_EQ(log_->store()->list().Get()->size(), kSegments + 1u);
  }

  struct Cost {
    int64_t steps = 0;
    int64_t scanned = 0;
    size_t rows = 0;
  };
  Cost CostOfDeliveries(HistoryQuery query, std::vector<DeliveryState> states) {
    return CostOf([&] {
      auto page = SqliteHistoryReader(log_.get())
                      .ListDeliveries(query, states, AsTheLogSays, {}, 50);
      EXPECT_TRUE(page.ok()) << page.status();
      EXPECT_FALSE(page->next.has_value());
      return page->rows.size();
    });
  }
  Cost CostOfAttempts(HistoryQuery query, std::optional<bool> succeeded) {
    return CostOf([&] {
      auto page = SqliteHistoryReader(log_.get())
                      .ListAttempts(query, succeeded, {}, 50);
      EXPECT_TRUE(page.ok()) << page.status();
      EXPECT_FALSE(page->next.has_value());
      return page->rows.size();
    });
  }
  Cost CostOfFollowing(HistoryQuery query, std::optional<bool> succeeded) {
    return CostOf([&] {
      auto follower = SqliteHistoryReader(log_.get())
                          .FollowAttempts(query, succeeded, {}, true);
      EXPECT_TRUE(follower.ok()) << follower.status();
      size_t rows = 0;
      bool at_end = false;
      while (!at_end) {
        auto next = (*follower)->Next(50);
        if (!next.ok()) ADD_FAILURE() << next.status();
        rows += next.ok() ? next->rows.size() : 0;
        at_end = !next.ok() || next->at_end;
      }
      return rows;
    });
  }

  static constexpr int kSegments = 8;

 private:
  static DeliveryState AsTheLogSays(int64_t, int64_t, DeliveryState state) {
    return state;
  }
  template <typename Read>
  static Cost CostOf(Read read) {
    read();  // opens the segments
    virtual_machine_steps = rows_scanned = 0;
    const size_t rows = read();
    return {virtual_machine_steps, rows_scanned, rows};
  }
  void AddSegment(int count) {
    std::vector<NewEvent> events;
    DeliveryUpdate update = {.subscription_uid = 7,
                             .cursor = last_seq_ + count,
                             .sent_through = last_seq_ + count};
    for (int i = 0; i < count; ++i) {
      const int64_t seq = ++last_seq_;
      const bool rare = i == 10;
      events.push_back(MakeEvent(absl::StrCat("e", seq), {7}));
      events.back().asset_id = rare ? "rare" : "asset-1";
      if (rare) events.back().object_type = ObjectType::kGtoemData;
      if (rare) events.back().route = MakeRoute({7, 17});
      update.attempts.push_back({.event_seq = seq,
                                 .subscription_uid = 7,
                                 .start_time = absl::FromUnixSeconds(seq),
                                 .topic = rare ? "rare" : "t",
                                 .succeeded = !rare});
      if (!rare) continue;
      update.put_exceptions.push_back(
          {.event_seq = seq, .state = DeliveryState::kParked});
      ++update.newly_parked;
    }
    update.newly_delivered = count - 1;
    EXPECT_TRUE(AppendAndWait(*log_, std::move(events)).ok());
    EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
  }

  TempDir temp_;
  std::unique_ptr<SqliteEventLog> log_;
  int64_t last_seq_ = 0;
};

class QueryCostTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(CountOnConnection));
    few_ = new LogOfSegments(200);
    many_ = new LogOfSegments(4000);
  }
  static void TearDownTestSuite() {
    sqlite3_cancel_auto_extension(
        reinterpret_cast<void (*)()>(CountOnConnection));
    delete few_;
    delete many_;
  }
  // 20 times the rows may cost a little more: blocks are fuller.
  static void ExpectSameCost(const LogOfSegments::Cost& few,
                             const LogOfSegments::Cost& many, size_t rows) {
    EXPECT_EQ(few.rows, rows);
    EXPECT_EQ(many.rows, rows);
    EXPECT_EQ(many.scanned, 0);
    EXPECT_TRUE(few.steps > 0 || rows == 0);
    EXPECT_LE(many.steps, few.steps * 5 / 4);
  }
  static void ExpectSameCostOfDeliveries(const HistoryQuery& query,
                                         std::vector<DeliveryState> states,
                                         size_t rows) {
    ExpectSameCost(few_->CostOfDeliveries(query, states),
                   many_->CostOfDeliveries(query, states), rows);
  }
  static void ExpectSameCostOfAttempts(const HistoryQuery& query,
                                       std::optional<bool> succeeded,
                                       size_t rows) {
    ExpectSameCost(few_->CostOfAttempts(query, succeeded),
                   many_->CostOfAttempts(query, succeeded), rows);
    ExpectSameCost(few_->CostOfFollowing(query, succeeded),
                   many_->CostOfFollowing(query, succeeded), rows);
  }

  static LogOfSegments* few_;
  static LogOfSegments* many_;
  HistoryQuery query_ = {.tenant_uid = 1};
};

LogOfSegments* QueryCostTest::few_ = nullptr;
LogOfSegments* QueryCostTest::many_ = nullptr;

constexpr size_t kOnePerSegment = LogOfSegments::kSegments;

TEST_F(QueryCostTest, ByEventIdCostsTheSameInLargeSegments) {
  query_.event_id = "e11";
  ExpectSameCostOfDeliveries(query_, {}, 2);
  ExpectSameCostOfAttempts(query_, {}, 1);
}

TEST_F(QueryCostTest, ByAssetCostsTheSameInLargeSegments) {
  query_.asset_id = "rare";
  ExpectSameCostOfDeliveries(query_, {}, 2 * kOnePerSegment);
  ExpectSameCostOfAttempts(query_, {}, kOnePerSegment);
}

TEST_F(QueryCostTest, ByTopicCostsTheSameInLargeSegments) {
  query_.topic = "rare";
  ExpectSameCostOfDeliveries(query_, {}, kOnePerSegment);
  ExpectSameCostOfAttempts(query_, {}, kOnePerSegment);
}

TEST_F(QueryCostTest, ByTypeCostsTheSameInLargeSegments) {
  query_.object_type = ObjectType::kGtoemData;
  ExpectSameCostOfDeliveries(query_, {}, 2 * kOnePerSegment);
  ExpectSameCostOfAttempts(query_, {}, kOnePerSegment);
}

TEST_F(QueryCostTest, BySubscriptionCostsTheSameInLargeSegments) {
  query_.subscription_uid = 17;
  ExpectSameCostOfDeliveries(query_, {}, kOnePerSegment);
  ExpectSameCostOfAttempts(query_, {}, 0);
}

TEST_F(QueryCostTest, ByStateCostsTheSameInLargeSegments) {
  ExpectSameCostOfDeliveries(query_, {DeliveryState::kParked}, kOnePerSegment);
  ExpectSameCostOfAttempts(query_, false, kOnePerSegment);
}

}  // namespace
}  // namespace mqttpush
