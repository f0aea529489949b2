#include "storage/sqlite/log/sqlite_event_log.h"

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment_opening.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettableClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixMicros(now_us_.load());
  }
  void Set(absl::Time now) { now_us_ = absl::ToUnixMicros(now); }

 private:
  std::atomic<int64_t> now_us_{1000000};
};

// In one segment, and in segments of a few rows.
class SqliteEventLogTest : public ::testing::TestWithParam<int64_t> {
 protected:
  SqliteEventLogTest() { Open(); }
  void Open() {
    log_.reset();
    auto log = SqliteEventLog::Open(temp_.File("log"),
                                    {.segment_rows = GetParam()}, &clock_);
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  std::vector<int64_t> ReadSeqs(int64_t uid, int64_t after, int limit = 100) {
    auto next = log_->ReadNext(1, uid, after, limit);
    EXPECT_TRUE(next.ok()) << next.status();
    std::vector<int64_t> seqs;
    for (const EventRecord& event : next->events) seqs.push_back(event.seq);
    return seqs;
  }
  static AttemptRecord Attempt(int64_t seq, int number, bool succeeded) {
    return {.event_seq = seq,
            .subscription_uid = 7,
            .number = number,
            .start_time = absl::FromUnixSeconds(100),
            .duration = absl::Milliseconds(3),
            .topic = "t",
            .qos = Qos::kAtLeastOnce,
            .succeeded = succeeded};
  }

  TempDir temp_;
  SettableClock clock_;
  std::unique_ptr<SqliteEventLog> log_;
};

INSTANTIATE_TEST_SUITE_P(SegmentRows, SqliteEventLogTest,
                         ::testing::Values(1, 3, 400'000));

TEST_P(SqliteEventLogTest, KeepsEventsByteForByteOverAReopen) {
  NewEvent event = MakeEvent("evt_1", {7});
  event.payload = "{\"v\":2.50,\"z\":-0.0,\"u\":\"\\u51b7 \xe5\x86\xb7\"}";
  const std::string payload = event.payload;
  ASSERT_THAT(*AppendAndWait(*log_, {event}),
              ElementsAre(AppendOutcome::kAccepted));
  Open();
  auto read = log_->ReadEvent(1);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->payload, payload);
  EXPECT_EQ(read->event_id, "evt_1");
  EXPECT_EQ(read->object_type, ObjectType::kLocation);
  EXPECT_EQ(read->asset_id, "asset-1");
  EXPECT_THAT(read->subscription_uids, ElementsAre(7));
  EXPECT_TRUE(absl::IsNotFound(log_->ReadEvent(2).status()));
}

TEST_P(SqliteEventLogTest, SameIdOfATenantIsADuplicateAlsoWithinABatch) {
  EXPECT_THAT(*AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("a", {7})}),
              ElementsAre(AppendOutcome::kAccepted, AppendOutcome::kDuplicate));
  NewEvent other_tenant = MakeEvent("a", {8});
  other_tenant.tenant_uid = 2;
  EXPECT_THAT(*AppendAndWait(*log_, {MakeEvent("a", {7}), other_tenant}),
              ElementsAre(AppendOutcome::kDuplicate, AppendOutcome::kAccepted));
  EXPECT_EQ(log_->GetSubscriptionState(7)->accepted_count, 1);
}

TEST_P(SqliteEventLogTest, ReadsOnlyWhatTheSubscriptionTookInOrder) {
  ASSERT_TRUE(
      AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("b", {17}),
                            MakeEvent("c", {7, 17}), MakeEvent("d", {7})})
          .ok());
  EXPECT_THAT(ReadSeqs(7, 0), ElementsAre(1, 3, 4));
  EXPECT_THAT(ReadSeqs(17, 0), ElementsAre(2, 3));
  EXPECT_THAT(ReadSeqs(7, 1, 1), ElementsAre(3));
  EXPECT_FALSE(log_->ReadNext(1, 7, 0, 2)->at_end);
  EXPECT_TRUE(log_->ReadNext(1, 7, 0, 10)->at_end);
}

TEST_P(SqliteEventLogTest, AcceptTimesNeverGoBack) {
  clock_.Set(absl::FromUnixSeconds(2000));
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7})}).ok());
  clock_.Set(absl::FromUnixSeconds(1000));
  Open();
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("b", {7})}).ok());
  EXPECT_EQ(log_->ReadEvent(2)->accept_time, absl::FromUnixSeconds(2000));
}

TEST_P(SqliteEventLogTest, TellsWhichSubscriptionsTookEvents) {
  std::promise<std::vector<int64_t>> told;
  log_->SetAppendListener(
      [&](std::vector<int64_t> uids) { told.set_value(std::move(uids)); });
  ASSERT_TRUE(
      AppendAndWait(*log_, {MakeEvent("a", {9, 7}), MakeEvent("b", {7})}).ok());
  EXPECT_THAT(told.get_future().get(), ElementsAre(7, 9));
}

TEST_P(SqliteEventLogTest, UpdateAndAttemptsAreRecoveredTogether) {
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("b", {7}),
                                    MakeEvent("c", {7}), MakeEvent("d", {7})})
                  .ok());
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 1, .sent_through = 4};
  update.attempts = {Attempt(1, 1, true), Attempt(2, 1, false),
                     Attempt(2, 2, false), Attempt(3, 1, true),
                     Attempt(4, 1, false)};
  update.put_exceptions = {{.event_seq = 4,
                            .sent = true,
                            .attempt_count = 1,
                            .next_attempt_time = absl::FromUnixSeconds(9)}};
  update.newly_delivered = 2;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  Open();
  auto recovery = log_->Recover(7);
  ASSERT_TRUE(recovery.ok()) << recovery.status();
  EXPECT_EQ(recovery->state.cursor, 1);
  EXPECT_EQ(recovery->state.sent_through, 4);
  EXPECT_EQ(recovery->state.delivered_count, 2);
  EXPECT_EQ(recovery->state.retrying_count, 1);
  ASSERT_EQ(recovery->attempted.size(), 2u);
  EXPECT_EQ(recovery->attempted[0].event_seq, 2);
  EXPECT_EQ(recovery->attempted[0].attempt_count, 2);
  EXPECT_FALSE(recovery->attempted[0].delivered);
  EXPECT_TRUE(recovery->attempted[1].delivered);
  ASSERT_EQ(recovery->exceptions.size(), 1u);
  EXPECT_TRUE(recovery->exceptions[0].sent);
  EXPECT_FALSE(recovery->exceptions[0].answered);
  EXPECT_EQ(recovery->exceptions[0].next_attempt_time,
            absl::FromUnixSeconds(9));
}

TEST_P(SqliteEventLogTest, TellsWhichRetryingOnesTheBrokerAnsweredLast) {
  ASSERT_TRUE(
      AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("b", {7})}).ok());
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 2, .sent_through = 2};
  update.attempts = {Attempt(1, 1, false), Attempt(1, 2, false),
                     Attempt(2, 1, false), Attempt(2, 2, false)};
  update.attempts[0].error_class = ErrorClass::kLinkLost;
  update.attempts[1].error_class = ErrorClass::kRejected;
  update.attempts[2].error_class = ErrorClass::kRejected;
  update.attempts[3].error_class = ErrorClass::kLinkLost;
  for (int64_t seq : {1, 2}) {
    update.put_exceptions.push_back({.event_seq = seq,
                                     .attempt_count = 2,
                                     .next_attempt_time = absl::UnixEpoch()});
  }
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  auto recovery = log_->Recover(7);
  ASSERT_EQ(recovery->exceptions.size(), 2u);
  EXPECT_TRUE(recovery->exceptions[0].answered);
  EXPECT_FALSE(recovery->exceptions[1].answered);
}

TEST_P(SqliteEventLogTest, CountsHowDeliveriesEnded) {
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("b", {7}),
                                    MakeEvent("c", {7}), MakeEvent("d", {7})})
                  .ok());
  EXPECT_EQ(log_->ListUndelivered()->size(), 1u);
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 1, .sent_through = 1};
  for (auto [seq, state] : {std::pair(1, DeliveryState::kParked),
                            std::pair(2, DeliveryState::kExpired),
                            std::pair(3, DeliveryState::kDiscarded)}) {
    update.put_exceptions.push_back({.event_seq = seq, .state = state});
  }
  update.newly_parked = update.newly_expired = update.newly_discarded = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  auto state = log_->GetSubscriptionState(7);
  EXPECT_EQ(state->parked_count, 1);
  EXPECT_EQ(state->expired_count, 1);
  EXPECT_EQ(state->discarded_count, 1);
  EXPECT_EQ(state->retrying_count, 0);
  // Of the ended ones only those above the cursor matter.
  EXPECT_EQ(log_->Recover(7)->exceptions.size(), 2u);
  EXPECT_EQ(log_->ListUndelivered()->size(), 1u);
  DeliveryUpdate last = {.subscription_uid = 7, .cursor = 4, .sent_through = 4};
  last.attempts = {Attempt(4, 1, true)};
  last.newly_delivered = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {last}).ok());
  EXPECT_TRUE(log_->ListUndelivered()->empty());
}

TEST_P(SqliteEventLogTest, LargePayloadsAreReadAFewAtATime) {
  std::vector<NewEvent> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(MakeEvent(std::to_string(i), {7}));
    events.back().payload = std::string(EventLog::kReadBytes * 2 / 3, ' ');
  }
  ASSERT_TRUE(AppendAndWait(*log_, events).ok());
  EXPECT_THAT(ReadSeqs(7, 0), ElementsAre(1, 2));
  EXPECT_FALSE(log_->ReadNext(1, 7, 0, 100)->at_end);
  EXPECT_THAT(ReadSeqs(7, 2), ElementsAre(3));
}

TEST_P(SqliteEventLogTest, ErasedExceptionIsGone) {
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7})}).ok());
  DeliveryUpdate put = {.subscription_uid = 7, .cursor = 1, .sent_through = 1};
  put.put_exceptions = {{.event_seq = 1,
                         .attempt_count = 1,
                         .next_attempt_time = absl::UnixEpoch()}};
  DeliveryUpdate erase = {
      .subscription_uid = 7, .cursor = 1, .sent_through = 1};
  erase.erase_exceptions = {1};
  ASSERT_TRUE(CommitAndWait(*log_, {put, erase}).ok());
  EXPECT_TRUE(log_->Recover(7)->exceptions.empty());
}

TEST_P(SqliteEventLogTest, NewSubscriptionStartsAtTheNewestEvent) {
  ASSERT_TRUE(
      AppendAndWait(*log_, {MakeEvent("a", {7}), MakeEvent("b", {7})}).ok());
  EXPECT_EQ(log_->Recover(99)->state.cursor, 2);
  EXPECT_EQ(log_->Recover(7)->state.cursor, 0);
}

TEST_P(SqliteEventLogTest, UpdateIsAllOrNothing) {
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {7})}).ok());
  DeliveryUpdate good = {.subscription_uid = 7, .cursor = 1, .sent_through = 1};
  good.attempts = {Attempt(1, 1, true)};
  DeliveryUpdate bad = good;
  bad.attempts[0].number = 0;  // which the schema refuses
  absl::Status status = CommitAndWait(*log_, {good, bad});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the log cannot be written"));
  EXPECT_EQ(log_->GetSubscriptionState(7)->cursor, 0);
}

TEST_P(SqliteEventLogTest, ManyProducersAtOnceLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 50;
  std::vector<std::thread> producers;
  std::atomic<int> accepted{0};
  for (int t = 0; t < kThreads; ++t) {
    producers.emplace_back([&, t] {
      for (int b = 0; b < kBatches; ++b) {
        const std::string id = std::to_string(t) + "-" + std::to_string(b);
        auto outcomes = AppendAndWait(
            *log_, {MakeEvent(id + "x", {7}), MakeEvent(id + "y", {7})});
        if (outcomes.ok()) accepted += outcomes->size();
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(accepted, kThreads * kBatches * 2);
  EXPECT_EQ(log_->GetSubscriptionState(7)->accepted_count, accepted);
}

// As when a broker refuses everything: each segment begins with all of them.
TEST(LogWithManyRetryingTest, SegmentsAreNotFullOfWhatTheyBeginWith) {
  TempDir temp;
  SettableClock clock;
  constexpr int kRetrying = 50;
  constexpr int kRows = 40;
  constexpr int kAppends = kRows / 2 - 1;  // in a run
  std::vector<NewEvent> events;
  DeliveryUpdate update = {.subscription_uid = 7};
  for (int i = 1; i <= kRetrying; ++i) {
    events.push_back(MakeEvent("e-" + std::to_string(i), {7}));
    update.put_exceptions.push_back({.event_seq = i,
                                     .state = DeliveryState::kRetrying,
                                     .attempt_count = 1,
                                     .rejection_count = 1});
  }
  for (int run = 0; run < 2; ++run) {
    auto log = *SqliteEventLog::Open(temp.File("log"), {.segment_rows = kRows},
                                     &clock);
    if (run == 0) {
      ASSERT_TRUE(AppendAndWait(*log, events).ok());
      ASSERT_TRUE(CommitAndWait(*log, {update}).ok());
    }
    for (int i = 0; i < kAppends; ++i) {
      ASSERT_TRUE(
          AppendAndWait(
              *log,
              {MakeEvent(std::to_string(run) + "-" + std::to_string(i), {7})})
              .ok());
      ASSERT_TRUE(CommitAndWait(*log, {update}).ok());
    }
    // The first events, their retries, and what both runs append.
    EXPECT_EQ(log->store()->list().Get()->size(), 3u) << run;
    log->WaitUntilSealed();
  }
}

// It is not damaged: nothing is set aside, and the program that wrote it can
// go on with it.
TEST_P(SqliteEventLogTest, SegmentsOfAnotherVersionAreLeftAlone) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent(id, {7})}).ok());
  }
  log_.reset();
  const std::string first = temp_.File("log/0000000001.db");
  const auto set_version = [&](int version) {
    auto db = Database::Open(first, Database::Mode::kReadWrite);
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(
        db->Execute("PRAGMA user_version=" + std::to_string(version)).ok());
  };
  set_version(1);
  const auto refused =
      SqliteEventLog::Open(temp_.File("log"), {}, &clock_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr(first + " is of schema version 1"));
  set_version(kSegmentSchemaVersion);
  Open();
  EXPECT_THAT(ReadSeqs(7, 0), ElementsAre(1, 2, 3, 4, 5));
}

// A disk that hangs, played by a callback.
TEST_P(SqliteEventLogTest, ProducersAreToldWhenTheLogIsBehind) {
  std::promise<void> hung;
  std::promise<void> heals;
  log_->Append({MakeEvent("first", {7})}, [&](auto) {
    hung.set_value();
    heals.get_future().wait();
  });
  hung.get_future().wait();
  constexpr int kMost = 100;
  std::atomic<int> accepted{0};
  absl::Status refused;
  int taken = 0;
  for (; taken < kMost && refused.ok(); ++taken) {
    NewEvent large = MakeEvent(std::to_string(taken), {7});
    large.payload = std::string(1 << 20, ' ');
    const auto caller = std::this_thread::get_id();
    log_->Append({large}, [&, caller](auto outcomes) {
      if (outcomes.ok()) {
        ++accepted;
      } else if (std::this_thread::get_id() == caller) {
        refused = outcomes.status();
      }
    });
  }
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << taken;
  heals.set_value();
  ASSERT_TRUE(CommitAndWait(*log_, {}).ok());  // comes after what waited
  EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent("last", {7})}).ok());
  EXPECT_EQ(accepted, taken - 1);
  EXPECT_EQ(log_->GetSubscriptionState(7)->accepted_count, taken + 1);
}

// A full disk, played by the limit on the size of a file.
TEST_P(SqliteEventLogTest, FullDiskRefusesAndServiceResumes) {
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("before", {7})}).ok());
  signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit full = {200 << 10, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  NewEvent large = MakeEvent("large", {7});
  large.payload = std::string(250 << 10, ' ');
  auto refused = AppendAndWait(*log_, {large});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(*AppendAndWait(*log_, {large}),
              ElementsAre(AppendOutcome::kAccepted));
  EXPECT_THAT(ReadSeqs(7, 0), ElementsAre(1, 2));
}

}  // namespace
}  // namespace mqttpush
