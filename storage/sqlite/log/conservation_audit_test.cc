#include "storage/sqlite/log/conservation_audit.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In one segment, and in segments of a few rows.
class ConservationAuditTest : public ::testing::TestWithParam<int64_t> {
 protected:
  ConservationAuditTest() {
    auto log = SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = GetParam()}, Clock::Real());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    audit_ = std::make_unique<SqliteConservationAudit>(log_.get());
  }

  // Steps until all is counted.
  ConservationReport Audit() {
    while (true) {
      auto report = audit_->Step();
      EXPECT_TRUE(report.ok()) << report.status();
      ++steps_;
      if (!report.ok()) return {};
      if (report->has_value()) return **std::move(report);
    }
  }
  // As "waiting: 3 stated, 2 counted".
  std::vector<std::string> Differences() {
    std::vector<std::string> words;
    for (const ConservationDifference& found : Audit().differences) {
      words.push_back(absl::StrCat(found.count, " of ", found.subscription_id,
                                   ": ", found.stated, " stated, ",
                                   found.counted, " counted"));
    }
    return words;
  }
  // What no code of ours does.
  void Break(const std::string& sql) {
    auto db = Database::Open(log_->store()->list().Get()->back()->path,
                             Database::Mode::kReadWrite);
    ASSERT_TRUE(db.ok()) << db.status();
    const absl::Status status = db->Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Append(int count, const std::vector<int64_t>& uids) {
    std::vector<NewEvent> events;
    for (int i = 0; i < count; ++i) {
      events.push_back(MakeEvent(absl::StrCat("e", ++made_), uids));
    }
    const auto outcomes = AppendAndWait(*log_, std::move(events));
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  }
  static AttemptRecord Attempt(int64_t seq, bool succeeded) {
    AttemptRecord attempt;
    attempt.event_seq = seq;
    attempt.subscription_uid = 7;
    attempt.topic = "t";
    attempt.succeeded = succeeded;
    return attempt;
  }
  static DeliveryException Exception(int64_t seq, DeliveryState state) {
    DeliveryException exception;
    exception.event_seq = seq;
    exception.state = state;
    exception.next_attempt_time = absl::FromUnixSeconds(1);
    return exception;
  }
  // Of 12 events of subscription 7, some of which subscription 8 took as well,
  // one of each fate below the cursor (5) and above it.
  void WriteEveryFate() {
    Append(8, {7});
    Append(4, {7, 8});
    Append(3, {8});
    DeliveryUpdate update = {
        .subscription_uid = 7, .cursor = 5, .sent_through = 11};
    update.attempts = {Attempt(1, true), Attempt(2, false), Attempt(3, false),
                       Attempt(7, true), Attempt(8, false)};
    update.put_exceptions = {Exception(2, DeliveryState::kRetrying),
                             Exception(3, DeliveryState::kParked),
                             Exception(4, DeliveryState::kExpired),
                             Exception(5, DeliveryState::kDiscarded),
                             Exception(8, DeliveryState::kRetrying),
                             Exception(9, DeliveryState::kExpired)};
    update.newly_delivered = 2;
    update.newly_parked = 1;
    update.newly_expired = 2;
    update.newly_discarded = 1;
    const absl::Status status = CommitAndWait(*log_, {update});
    ASSERT_TRUE(status.ok()) << status;
  }

  TempDir temp_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteConservationAudit> audit_;
  int made_ = 0;
  int steps_ = 0;
};

INSTANTIATE_TEST_SUITE_P(SegmentRows, ConservationAuditTest,
                         ::testing::Values(1, 5, 400'000));

// As when the list was read just before the commit that drops one.
TEST_P(ConservationAuditTest, SegmentThatIsBeingDroppedCountsOnce) {
  WriteEveryFate();
  log_->WaitUntilSealed();
  const Segment& oldest = *log_->store()->list().Get()->front();
  if (!oldest.sealed()) GTEST_SKIP() << "there is one segment only";
  Break(absl::StrCat("ATTACH '", oldest.path,
                     "' AS oldest; "
                     "INSERT INTO dropped_segment (number) VALUES (",
                     oldest.number,
                     "); "
                     "INSERT INTO dropped_tally (" MQTTPUSH_TALLY_COLUMNS
                     ") SELECT " MQTTPUSH_TALLY_COLUMNS
                     " FROM oldest.subscription_tally"));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(ConservationAuditTest, AnEmptyLogIsSound) {
  const ConservationReport report = Audit();
  EXPECT_EQ(report.subscriptions, 0);
  EXPECT_EQ(report.events, 0);
  EXPECT_THAT(report.differences, IsEmpty());
}

TEST_P(ConservationAuditTest, EveryFateIsAccountedFor) {
  WriteEveryFate();
  const ConservationReport report = Audit();
  EXPECT_EQ(report.subscriptions, 2);
  EXPECT_EQ(report.events, 15);
  EXPECT_EQ(report.attempts, 5);
  EXPECT_THAT(Differences(), IsEmpty());
}

// Below the cursor and above it, delivered and parked.
TEST_P(ConservationAuditTest, WhatIsSentAgainCountsOnce) {
  WriteEveryFate();
  DeliveryUpdate again = {
      .subscription_uid = 7, .cursor = 5, .sent_through = 11};
  for (int64_t seq : {1, 3, 7}) {
    again.put_exceptions.push_back(Exception(seq, DeliveryState::kRetrying));
  }
  again.reopened = {{1, DeliveryState::kDelivered},
                    {3, DeliveryState::kParked},
                    {7, DeliveryState::kDelivered}};
  again.newly_delivered = -2;
  again.newly_parked = -1;
  ASSERT_TRUE(CommitAndWait(*log_, {again}).ok());
  EXPECT_THAT(Differences(), IsEmpty());
  DeliveryUpdate ended = {
      .subscription_uid = 7, .cursor = 5, .sent_through = 11};
  ended.attempts = {Attempt(1, true), Attempt(3, true), Attempt(7, false)};
  ended.erase_exceptions = {1, 3};
  ended.put_exceptions = {Exception(7, DeliveryState::kParked)};
  ended.newly_delivered = 2;
  ended.newly_parked = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {ended}).ok());
  EXPECT_THAT(Differences(), IsEmpty());
  audit_ = std::make_unique<SqliteConservationAudit>(log_.get());
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(ConservationAuditTest, FindsEachCounterThatIsWrong) {
  WriteEveryFate();
  ASSERT_THAT(Differences(), IsEmpty());
  struct Case {
    const char* counter;
    const char* difference;
    const char* waiting;  // follows from it
  };
  const Case kCases[] = {
      {"accepted_count", "accepted of sub-7: 13 stated, 12 counted",
       "waiting of sub-7: 5 stated, 4 counted"},
      {"delivered_count", "delivered of sub-7: 3 stated, 2 counted",
       "waiting of sub-7: 3 stated, 4 counted"},
      {"parked_count", "parked of sub-7: 2 stated, 1 counted",
       "waiting of sub-7: 3 stated, 4 counted"},
      {"expired_count", "expired of sub-7: 3 stated, 2 counted",
       "waiting of sub-7: 3 stated, 4 counted"},
      {"discarded_count", "discarded of sub-7: 2 stated, 1 counted",
       "waiting of sub-7: 3 stated, 4 counted"},
  };
  for (const Case& c : kCases) {
    const std::string set =
        absl::StrCat("UPDATE subscription SET ", c.counter, " = ", c.counter);
    Break(set + " + 1 WHERE uid = 7");
    EXPECT_THAT(Differences(), ElementsAre(c.difference, c.waiting));
    Break(set + " - 1 WHERE uid = 7");
    EXPECT_THAT(Differences(), IsEmpty()) << c.counter;
  }
}

// The loss that no counter shows: nobody would send them any more.
TEST_P(ConservationAuditTest, FindsEventsThatTheCursorPassedBy) {
  Append(10, {7});
  ASSERT_THAT(Differences(), IsEmpty());
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 3, .sent_through = 3};
  update.attempts = {Attempt(1, true)};
  update.newly_delivered = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  EXPECT_THAT(Differences(),
              ElementsAre("waiting of sub-7: 9 stated, 7 counted"));
}

TEST_P(ConservationAuditTest, FindsAnExceptionThatIsGone) {
  WriteEveryFate();
  Break(
      "DELETE FROM delivery_exception "
      "WHERE subscription_uid = 7 AND event_seq = 2");
  EXPECT_THAT(Differences(),
              ElementsAre("waiting of sub-7: 5 stated, 4 counted"));
}

TEST_P(ConservationAuditTest, CountsALongLogInSteps) {
  constexpr int kEvents = 3 * SqliteConservationAudit::kRowsPerStep;
  Append(kEvents, {7});
  EXPECT_EQ(Audit().events, kEvents);
  EXPECT_GE(steps_, 3);
  // The cursor passes what was counted before, further than one step goes.
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = kEvents, .sent_through = kEvents};
  for (int64_t seq = 1; seq <= kEvents; ++seq) {
    update.attempts.push_back(Attempt(seq, true));
  }
  update.newly_delivered = kEvents;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  steps_ = 0;
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_GE(steps_, 3);
  // Nothing new: nothing to count.
  steps_ = 0;
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(steps_, 1);
}

// A new auditor, as after a restart, counts from the first row.
TEST_P(ConservationAuditTest, BeginsAnewAfterARestart) {
  WriteEveryFate();
  Append(2 * SqliteConservationAudit::kRowsPerStep, {8, 7});
  ASSERT_THAT(Differences(), IsEmpty());
  audit_ = std::make_unique<SqliteConservationAudit>(log_.get());
  EXPECT_THAT(Differences(), IsEmpty());
  Break("UPDATE subscription SET cursor = 6 WHERE uid = 7");
  EXPECT_THAT(Differences(),
              ElementsAre("waiting of sub-7: 8196 stated, 8195 counted"));
}

// Auditing while events come in and are delivered, it never cries wolf.
TEST_P(ConservationAuditTest, IsRightWhileTheLogIsWritten) {
  constexpr int kRounds = 100;
  constexpr int kBatch = 20;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int round = 0; round < kRounds; ++round) {
      Append(kBatch, {7});
      // The newest round waits, the one before is delivered but for one.
      if (round == 0) continue;
      const int64_t end = round * kBatch;
      DeliveryUpdate update = {
          .subscription_uid = 7, .cursor = end, .sent_through = end};
      for (int64_t seq = end - kBatch + 1; seq < end; ++seq) {
        update.attempts.push_back(Attempt(seq, true));
      }
      update.newly_delivered = kBatch - 1;
      update.put_exceptions = {Exception(end, DeliveryState::kParked)};
      update.newly_parked = 1;
      EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
    }
    done = true;
  });
  int audits = 0;
  bool last = false;
  int64_t events = 0;
  while (!last) {
    last = done;  // once more after the end
    const ConservationReport report = Audit();
    EXPECT_THAT(report.differences, IsEmpty());
    EXPECT_GE(report.events, events);
    events = report.events;
    ++audits;
  }
  writer.join();
  EXPECT_EQ(events, kRounds * kBatch);
  EXPECT_GT(audits, 2);
}

}  // namespace
}  // namespace mqttpush
