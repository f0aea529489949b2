#include "storage/sqlite/log/sqlite_stats_reader.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

constexpr absl::Time kNoon = absl::FromUnixSeconds(36000 * 3600);

class MinuteClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixMicros(now_us_.load());
  }
  void Set(absl::Time now) { now_us_ = absl::ToUnixMicros(now); }

 private:
  std::atomic<int64_t> now_us_{absl::ToUnixMicros(kNoon)};
};

// In one segment, and in segments of a few rows that are sealed.
class SqliteStatsReaderTest : public ::testing::TestWithParam<int64_t> {
 protected:
  SqliteStatsReaderTest() { Open(); }
  void Open() {
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"),
                                 {.segment_rows = GetParam()}, &clock_);
  }
  // Delivers the last one once more, as a person asked for.
  void DeliverAgain(absl::Time time) {
    DeliveryUpdate request = {
        .subscription_uid = 7, .cursor = last_seq_, .sent_through = last_seq_};
    DeliveryUpdate update = request;
    request.put_exceptions = {{.event_seq = last_seq_}};
    request.reopened = {{last_seq_, DeliveryState::kDelivered}};
    request.newly_delivered = -1;
    update.attempts = {{.event_seq = last_seq_,
                        .subscription_uid = 7,
                        .number = 2,
                        .manual = true,
                        .start_time = time,
                        .topic = "t",
                        .succeeded = true}};
    update.erase_exceptions = {last_seq_};
    update.newly_delivered = 1;
    ASSERT_TRUE(CommitAndWait(*log_, {request}).ok());
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  // Accepts a location event at `time`, delivers it `latency` later.
  void Deliver(absl::Time time, absl::Duration latency) {
    clock_.Set(time);
    const std::string id = std::to_string(++last_seq_);
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent(id, {7})}).ok());
    DeliveryUpdate update = {
        .subscription_uid = 7, .cursor = last_seq_, .sent_through = last_seq_};
    update.attempts = {{.event_seq = last_seq_,
                        .subscription_uid = 7,
                        .start_time = time,
                        .duration = latency,
                        .topic = "t",
                        .succeeded = true}};
    update.newly_delivered = 1;
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  std::vector<StatsRow> Read(absl::Time start, absl::Time end,
                             StatsResolution resolution) {
    log_->WaitUntilSealed();
    auto stats =
        SqliteStatsReader(log_.get()).ReadStats(scope_, start, end, resolution);
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats->rows;
  }

  TempDir temp_;
  MinuteClock clock_;
  StatsScope scope_ = {.tenant_uid = 1, .subscription_uid = 7};
  std::unique_ptr<SqliteEventLog> log_;
  int64_t last_seq_ = 0;
};

INSTANTIATE_TEST_SUITE_P(SegmentRows, SqliteStatsReaderTest,
                         ::testing::Values(1, 3, 400'000));

TEST_P(SqliteStatsReaderTest, CountsByMinuteAndHourOverAllSegments) {
  for (int i = 0; i < 4; ++i) {
    Deliver(kNoon + i * absl::Seconds(20), absl::Milliseconds(100));
  }
  Deliver(kNoon + absl::Hours(1), absl::Seconds(2));
  for (bool reopened : {false, true}) {
    if (reopened) Open();
    const auto minutes =
        Read(kNoon, kNoon + absl::Hours(2), StatsResolution::kMinute);
    ASSERT_EQ(minutes.size(), 3u);
    EXPECT_EQ(minutes[0].start, kNoon);
    EXPECT_EQ(minutes[0].counts.delivered, 3);
    EXPECT_EQ(minutes[1].counts.accepted, 1);
    const auto hours =
        Read(kNoon, kNoon + absl::Hours(2), StatsResolution::kHour);
    ASSERT_EQ(hours.size(), 2u);
    EXPECT_EQ(hours[0].object_type, ObjectType::kLocation);
    EXPECT_EQ(hours[0].counts.accepted, 4);
    EXPECT_EQ(hours[0].counts.accepted_bytes, 4 * 10);
    EXPECT_EQ(hours[0].counts.delivered_bytes, 4 * 10);
    EXPECT_GT(hours[0].counts.latency.Percentile(0.99),
              absl::Milliseconds(100));
    EXPECT_LT(hours[0].counts.latency.Percentile(0.99),
              absl::Milliseconds(200));
    EXPECT_EQ(hours[1].start, kNoon + absl::Hours(1));
    EXPECT_GT(hours[1].counts.latency.Percentile(0.5), absl::Seconds(2));
  }
}

TEST_P(SqliteStatsReaderTest, TimesAreHalfOpen) {
  Deliver(kNoon, absl::ZeroDuration());
  EXPECT_EQ(
      Read(kNoon, kNoon + absl::Minutes(1), StatsResolution::kMinute).size(),
      1u);
  EXPECT_TRUE(Read(kNoon + absl::Seconds(1), kNoon + absl::Hours(1),
                   StatsResolution::kMinute)
                  .empty());
  EXPECT_TRUE(
      Read(kNoon - absl::Hours(1), kNoon, StatsResolution::kMinute).empty());
  EXPECT_EQ(
      Read(absl::InfinitePast(), absl::InfiniteFuture(), StatsResolution::kHour)
          .size(),
      1u);
}

TEST_P(SqliteStatsReaderTest, CountsFailuresAndEndings) {
  std::vector<NewEvent> events;
  for (const char* id : {"a", "b", "c"}) events.push_back(MakeEvent(id, {7}));
  ASSERT_TRUE(AppendAndWait(*log_, events).ok());
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 3, .sent_through = 3};
  update.attempts = {{.event_seq = 1,
                      .subscription_uid = 7,
                      .start_time = kNoon,
                      .topic = "t"}};
  int64_t seq = 0;
  for (DeliveryState state : {DeliveryState::kParked, DeliveryState::kExpired,
                              DeliveryState::kDiscarded}) {
    update.put_exceptions.push_back(
        {.event_seq = ++seq, .state = state, .end_time = kNoon});
  }
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  const auto rows = Read(kNoon, kNoon + absl::Hours(1), StatsResolution::kHour);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].counts.failed, 1);
  EXPECT_EQ(rows[0].counts.parked, 1);
  EXPECT_EQ(rows[0].counts.expired, 1);
  EXPECT_EQ(rows[0].counts.discarded, 1);
  EXPECT_EQ(rows[0].counts.latency.total(), 0);
}

TEST_P(SqliteStatsReaderTest, ATenantsAreThoseOfAllItsSubscriptions) {
  NewEvent foreign = MakeEvent("c", {99});
  foreign.tenant_uid = 2;
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7, 17}),
                                    MakeEvent("b", {17}), foreign})
                  .ok());
  const auto accepted = [&] {
    const auto rows =
        Read(kNoon, kNoon + absl::Hours(1), StatsResolution::kHour);
    return rows.empty() ? 0 : rows[0].counts.accepted;
  };
  EXPECT_EQ(accepted(), 1);
  scope_.subscription_uid = 17;
  EXPECT_EQ(accepted(), 2);
  scope_.subscription_uid = std::nullopt;
  EXPECT_EQ(accepted(), 3);
  scope_.tenant_uid = 3;
  EXPECT_EQ(accepted(), 0);
}

// What 30 days cost: hours, however many events there were in each.
TEST_P(SqliteStatsReaderTest, ThirtyDaysAreAsManyRowsAsHours) {
  constexpr int kPerHour = 3;
  constexpr int kHours = 40;
  for (int i = 0; i < kHours * kPerHour; ++i) {
    Deliver(kNoon + i * absl::Hours(1) / kPerHour, absl::Milliseconds(5));
  }
  EXPECT_EQ(
      Read(kNoon, kNoon + absl::Hours(30 * 24), StatsResolution::kHour).size(),
      static_cast<size_t>(kHours));
}

TEST_P(SqliteStatsReaderTest, WhatIsDeliveredAgainCountsOnce) {
  Deliver(kNoon, absl::Milliseconds(100));
  DeliverAgain(kNoon + absl::Minutes(5));
  DeliveryCounts sum;
  for (const StatsRow& row :
       Read(kNoon, kNoon + absl::Hours(1), StatsResolution::kMinute)) {
    sum.Add(row.counts);
  }
  EXPECT_EQ(sum.delivered, 1);
  EXPECT_LT(sum.latency.Percentile(0.99), absl::Seconds(1));
}

// Thirty days are hundreds of segments, and each takes time to be opened.
TEST(SqliteStatsReaderFilesTest, SegmentsWithoutTheSubscriptionAreNotOpened) {
  TempDir temp;
  MinuteClock clock;
  auto log =
      *SqliteEventLog::Open(temp.File("log"), {.segment_rows = 1}, &clock);
  int id = 0;
  for (int64_t uid : {7, 8, 7, 8, 7}) {
    const NewEvent event = MakeEvent(absl::StrCat(++id), {uid});
    ASSERT_TRUE(AppendAndWait(*log, {event}).ok());
  }
  log->WaitUntilSealed();
  std::filesystem::remove(log->store()->PathOf(2));
  SqliteStatsReader reader(log.get());
  const auto accepted = [&](int64_t uid) -> int64_t {
    const auto stats = reader.ReadStats(
        {.tenant_uid = 1, .subscription_uid = uid}, absl::InfinitePast(),
        absl::InfiniteFuture(), StatsResolution::kHour);
    return stats.ok() ? stats->rows[0].counts.accepted : -1;
  };
  EXPECT_EQ(accepted(7), 3);
  EXPECT_EQ(log->store()->list().Get()->size(), 5u);  // nobody missed the file
}

// A read that has begun does not fail because a segment is dropped meanwhile.
TEST(SqliteStatsReaderThreadsTest, RetentionMayDropWhatIsBeingRead) {
  TempDir temp;
  MinuteClock clock;
  auto log = *SqliteEventLog::Open(
      temp.File("log"), {.segment_rows = 2, .retention = absl::Hours(1)},
      &clock);
  std::atomic<bool> done = false;
  std::thread thread([&] {
    SqliteStatsReader reader(log.get());
    while (!done) {
      const auto stats =
          reader.ReadStats({.tenant_uid = 1}, absl::InfinitePast(),
                           absl::InfiniteFuture(), StatsResolution::kHour);
      ASSERT_TRUE(stats.ok()) << stats.status();
    }
  });
  for (int64_t seq = 1; seq <= 100; ++seq) {
    clock.Set(kNoon + seq * absl::Minutes(10));
    ASSERT_TRUE(
        AppendAndWait(*log, {MakeEvent(absl::StrCat("e", seq), {7})}).ok());
    DeliveryUpdate update = {.subscription_uid = 7,
                             .cursor = seq,
                             .sent_through = seq,
                             .newly_delivered = 1};
    update.attempts = {{.event_seq = seq,
                        .subscription_uid = 7,
                        .start_time = clock.Now(),
                        .topic = "t",
                        .succeeded = true}};
    ASSERT_TRUE(CommitAndWait(*log, {update}).ok());
  }
  done = true;
  thread.join();
  EXPECT_GT(log->store()->list().Get()->front()->number, 10);
}

}  // namespace
}  // namespace mqttpush
