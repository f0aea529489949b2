#include "workers/dispatch/subscription_queue.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kUid = 7;
const absl::Time kNow = absl::FromUnixSeconds(5000);

SubscriptionRecovery RecoveryAt(int64_t cursor) {
  SubscriptionRecovery recovery;
  recovery.state = {.uid = kUid, .cursor = cursor, .sent_through = cursor};
  return recovery;
}

EventLog::NextEvents Read(std::vector<int64_t> seqs, int64_t scanned_through,
                          bool at_end = false) {
  EventLog::NextEvents next;
  for (int64_t seq : seqs) next.events.push_back({.seq = seq});
  next.scanned_through = scanned_through;
  next.at_end = at_end;
  return next;
}

std::vector<int64_t> SeqsOf(const std::vector<EventRecord>& events) {
  std::vector<int64_t> seqs;
  for (const EventRecord& event : events) seqs.push_back(event.seq);
  return seqs;
}

TEST(SubscriptionQueueTest, CursorPassesOnlyContiguousCompletions) {
  SubscriptionQueue queue(RecoveryAt(10));
  EXPECT_THAT(SeqsOf(queue.TakeToSend(Read({11, 13, 15}, 15))),
              ElementsAre(11, 13, 15));
  queue.Succeeded(13);
  DeliveryUpdate update = queue.TakeUpdate();
  EXPECT_EQ(update.cursor, 10);
  EXPECT_EQ(update.newly_delivered, 1);
  EXPECT_EQ(update.sent_through, 15);
  queue.Succeeded(11);
  EXPECT_EQ(queue.TakeUpdate().cursor, 14);
  queue.Succeeded(15);
  update = queue.TakeUpdate();
  EXPECT_EQ(update.cursor, 15);
  EXPECT_EQ(update.sent_through, 15);
}

TEST(SubscriptionQueueTest, CursorPassesEventsOfOthers) {
  SubscriptionQueue queue(RecoveryAt(10));
  EXPECT_THAT(queue.TakeToSend(Read({}, 2000)), IsEmpty());
  EXPECT_EQ(queue.TakeUpdate().cursor, 2000);
}

TEST(SubscriptionQueueTest, SentThroughCoversWhatMayBeOnTheWire) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2, 3}, 3));
  EXPECT_EQ(queue.TakeUpdate().sent_through, 3);
  queue.Returned(3, /*attempted=*/false);
  EXPECT_EQ(queue.TakeUpdate().sent_through, 2);
}

TEST(SubscriptionQueueTest, ReturnedEventsAreReadAgainBeforeLaterOnes) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2, 3, 4}, 4, /*at_end=*/true));
  EXPECT_FALSE(queue.wants_events());
  queue.Succeeded(2);
  queue.Returned(1, /*attempted=*/true);
  queue.Returned(3, /*attempted=*/true);
  queue.Returned(4, /*attempted=*/false);
  EXPECT_TRUE(queue.wants_events());
  EXPECT_EQ(queue.read_position(), 0);
  EXPECT_THAT(SeqsOf(queue.TakeToSend(Read({1, 2, 3, 4, 5}, 5))),
              ElementsAre(1, 3, 4, 5));
  EXPECT_EQ(queue.attempt_count(1), 1);
  EXPECT_EQ(queue.attempt_count(4), 0);
}

TEST(SubscriptionQueueTest, WhatWasDoneAheadIsNotReadAgainOnceForgotten) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2, 3}, 3));
  queue.Succeeded(2);
  queue.Succeeded(3);
  queue.Returned(1, /*attempted=*/true);
  queue.TakeToSend(Read({1}, 1));  // there was room for one only
  queue.Succeeded(1);
  EXPECT_EQ(queue.TakeUpdate().cursor, 3);
  EXPECT_EQ(queue.read_position(), 3);
}

TEST(SubscriptionQueueTest, WantsEventsUntilTheEndAndAgainAfterAnAppend) {
  SubscriptionQueue queue(RecoveryAt(0));
  EXPECT_TRUE(queue.wants_events());
  queue.TakeToSend(Read({}, 0, /*at_end=*/true));
  EXPECT_FALSE(queue.wants_events());
  queue.NoteAppended();
  EXPECT_TRUE(queue.wants_events());
}

TEST(SubscriptionQueueTest, RejectedEventRetriesWithoutHoldingTheOthers) {
  SubscriptionQueue queue(RecoveryAt(0));
  const absl::Time due = absl::FromUnixSeconds(1000);
  queue.TakeToSend(Read({1, 2}, 2));
  queue.RetryAt(1, due, true);
  queue.Succeeded(2);
  DeliveryUpdate update = queue.TakeUpdate();
  EXPECT_EQ(update.cursor, 2);
  ASSERT_EQ(update.put_exceptions.size(), 1u);
  EXPECT_EQ(update.put_exceptions[0].attempt_count, 1);
  EXPECT_EQ(update.put_exceptions[0].next_attempt_time, due);
  EXPECT_EQ(queue.DueRetry(due - absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(queue.DueRetry(due), 1);
  EXPECT_EQ(queue.next_retry_time(), due);
}

TEST(SubscriptionQueueTest, RetryThatSucceedsIsNoExceptionAnyMore) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1}, 1));
  queue.RetryAt(1, absl::UnixEpoch(), true);
  queue.TakeUpdate();
  queue.RetrySent(1);
  EXPECT_EQ(queue.DueRetry(absl::Now()), std::nullopt);
  DeliveryUpdate sent = queue.TakeUpdate();
  ASSERT_EQ(sent.put_exceptions.size(), 1u);
  EXPECT_TRUE(sent.put_exceptions[0].sent);
  queue.Succeeded(1);
  DeliveryUpdate done = queue.TakeUpdate();
  EXPECT_THAT(done.erase_exceptions, ElementsAre(1));
  EXPECT_EQ(done.newly_delivered, 1);
  EXPECT_EQ(queue.next_retry_time(), absl::InfiniteFuture());
}

TEST(SubscriptionQueueTest, RetryThatComesBackIsDueAtOnce) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1}, 1));
  queue.RetryAt(1, absl::UnixEpoch(), true);
  queue.RetrySent(1);
  queue.Returned(1, /*attempted=*/true);
  EXPECT_EQ(queue.DueRetry(absl::Now()), 1);
  EXPECT_EQ(queue.attempt_count(1), 2);
  EXPECT_EQ(queue.sent_count(), 0);
}

TEST(SubscriptionQueueTest, ParkedEventIsAnExceptionAndDone) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2}, 2));
  queue.Parked(1, kNow);
  DeliveryUpdate update = queue.TakeUpdate();
  EXPECT_EQ(update.cursor, 1);
  EXPECT_EQ(update.newly_parked, 1);
  ASSERT_EQ(update.put_exceptions.size(), 1u);
  EXPECT_EQ(update.put_exceptions[0].state, DeliveryState::kParked);
  EXPECT_EQ(update.put_exceptions[0].end_time, kNow);
  EXPECT_EQ(update.put_exceptions[0].attempt_count, 1);
}

struct EndRow {
  EndReason reason;
  DeliveryState state;
  int64_t expired;
  int64_t discarded;
};
constexpr EndRow kEnds[] = {
    {EndReason::kLifetimeOver, DeliveryState::kExpired, 1, 0},
    {EndReason::kSubscriptionDisabled, DeliveryState::kDiscarded, 0, 1},
    {EndReason::kSubscriptionDeleted, DeliveryState::kDiscarded, 0, 1}};

// In each state that an event without a worker can be in.
TEST(SubscriptionQueueTest, EndedEventIsAnExceptionAndCounted) {
  for (const EndRow& row : kEnds) {
    for (const char* from : {"taken", "returned", "lost", "retrying"}) {
      SCOPED_TRACE(absl::StrCat(static_cast<int>(row.reason), " ", from));
      SubscriptionQueue queue(RecoveryAt(0));
      queue.TakeToSend(Read({1}, 1, /*at_end=*/true));
      const std::string state = from;
      if (state == "returned") queue.Returned(1, /*attempted=*/false);
      if (state == "lost") queue.Lost(1, Qos::kAtLeastOnce, kNow);
      if (state == "retrying") queue.RetryAt(1, kNow, true);
      queue.TakeUpdate();
      queue.Ended(1, {row.reason}, kNow);
      EXPECT_EQ(queue.sent_count(), 0);
      EXPECT_EQ(queue.DueRetry(kNow), std::nullopt);
      EXPECT_TRUE(queue.IsDone(1));
      if (queue.read_position() < 1) {
        EXPECT_THAT(queue.TakeToSend(Read({1}, 1, /*at_end=*/true)), IsEmpty());
      }
      EXPECT_TRUE(queue.finished());
      const DeliveryUpdate update = queue.TakeUpdate();
      EXPECT_EQ(update.cursor, 1);
      EXPECT_EQ(update.newly_expired, row.expired);
      EXPECT_EQ(update.newly_discarded, row.discarded);
      EXPECT_EQ(update.newly_delivered + update.newly_parked, 0);
      ASSERT_EQ(update.put_exceptions.size(), 1u);
      const DeliveryException& exception = update.put_exceptions[0];
      EXPECT_EQ(exception.state, row.state);
      EXPECT_EQ(exception.ending.reason, row.reason);
      EXPECT_EQ(exception.end_time, kNow);
      EXPECT_EQ(exception.attempt_count,
                state == "lost" || state == "retrying" ? 1 : 0);
      EXPECT_THAT(update.erase_exceptions, IsEmpty());
    }
  }
}

TEST(SubscriptionQueueTest, TellsWhatWaitsAndWhatIsDone) {
  SubscriptionRecovery recovery = RecoveryAt(10);
  recovery.exceptions = {{.event_seq = 5, .attempt_count = 1}};
  SubscriptionQueue queue(recovery);
  queue.TakeToSend(Read({11, 12, 13, 14}, 14));
  queue.Succeeded(12);
  queue.Parked(13, kNow);
  queue.Returned(14, /*attempted=*/true);
  const std::tuple<int64_t, bool, bool> kTable[] = {
      // seq, waits, done
      {4, false, true},    // below the cursor
      {5, false, false},   // retrying
      {11, false, false},  // sent
      {12, false, true},   // delivered
      {13, false, true},   // parked
      {14, true, false},   // came back
      {15, true, false}};  // not read yet
  for (const auto& [seq, waits, done] : kTable) {
    EXPECT_EQ(queue.Waits(seq), waits) << seq;
    EXPECT_EQ(queue.IsDone(seq), done) << seq;
  }
  EXPECT_FALSE(queue.finished());
}

TEST(SubscriptionQueueTest, ClockThatWasSetBackMakesRetriesDue) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2}, 2));
  queue.RetryAt(1, kNow + absl::Minutes(1), true);
  queue.RetryAt(2, kNow + absl::Hours(1), true);
  EXPECT_EQ(queue.DueRetry(kNow), std::nullopt);
  const absl::Time set_back = kNow - absl::Hours(1);
  EXPECT_EQ(queue.DueRetry(set_back), 2);
  queue.RetrySent(2);
  EXPECT_EQ(queue.DueRetry(set_back), std::nullopt);
}

TEST(SubscriptionQueueTest, RetryNowSparesWhatIsWithAWorker) {
  SubscriptionQueue queue(RecoveryAt(0));
  queue.TakeToSend(Read({1, 2}, 2));
  queue.RetryAt(1, kNow, true);
  queue.RetryAt(2, kNow + absl::Hours(1), true);
  queue.RetrySent(1);
  queue.TakeUpdate();
  EXPECT_EQ(queue.FirstUnsentRetry(), 2);
  queue.RetryNow(kNow);
  EXPECT_EQ(queue.DueRetry(kNow), 2);
  DeliveryUpdate update = queue.TakeUpdate();
  ASSERT_EQ(update.put_exceptions.size(), 1u);
  EXPECT_EQ(update.put_exceptions[0].event_seq, 2);
  EXPECT_EQ(update.put_exceptions[0].next_attempt_time, kNow);
}

TEST(SubscriptionQueueTest, ManyRetriesHoldNewEventsBack) {
  SubscriptionQueue queue(RecoveryAt(0));
  const int64_t limit = SubscriptionQueue::kMaxRetrying;
  for (int64_t seq = 1; seq <= limit; ++seq) {
    queue.TakeToSend(Read({seq}, seq));
    EXPECT_TRUE(queue.wants_events());
    queue.RetryAt(seq, absl::InfiniteFuture(), true);
    queue.TakeUpdate();
  }
  EXPECT_FALSE(queue.wants_events());
}

// Takes events one by one, of which the first is never answered, the others at
// once; how many until the queue wants no more.
int64_t TakeUntilFull(SubscriptionQueue& queue, size_t payload_bytes) {
  int64_t seq = 0;
  while (queue.wants_events() && seq < 100000) {
    ++seq;
    EventLog::NextEvents next = Read({seq}, seq);
    next.events[0].payload.assign(payload_bytes, 'x');
    queue.TakeToSend(std::move(next));
    if (seq > 1) queue.Succeeded(seq);
    queue.TakeUpdate();
  }
  return seq;
}

TEST(SubscriptionQueueTest, UnansweredMessageHoldsNewEventsBackAtLast) {
  constexpr int64_t kFull = SubscriptionQueue::kMaxSpan;
  SubscriptionQueue queue(RecoveryAt(0));
  EXPECT_EQ(TakeUntilFull(queue, 0), kFull);
  // What is read nevertheless, in one go with what was taken before, is left.
  queue.Returned(1, /*attempted=*/true);
  EXPECT_TRUE(queue.wants_events());
  EXPECT_THAT(
      SeqsOf(queue.TakeToSend(Read({1, kFull, kFull + 1}, kFull + 1, true))),
      ElementsAre(1));
  EXPECT_EQ(queue.read_position(), kFull);
  EXPECT_EQ(queue.ahead_count(), SubscriptionQueue::kMaxSpan);
  EXPECT_FALSE(queue.at_end());
  EXPECT_FALSE(queue.wants_events());
  queue.Succeeded(1);
  EXPECT_EQ(queue.TakeUpdate().cursor, kFull);
  EXPECT_EQ(queue.ahead_count(), 0u);
  EXPECT_TRUE(queue.wants_events());
}

TEST(SubscriptionQueueTest, SpanIsBoundedInBytesToo) {
  constexpr size_t kBytes = 256 << 10;
  SubscriptionQueue queue(RecoveryAt(0));
  EXPECT_EQ(TakeUntilFull(queue, kBytes),
            static_cast<int64_t>(SubscriptionQueue::kMaxSpanBytes / kBytes));
  queue.Succeeded(1);
  queue.TakeUpdate();
  EXPECT_TRUE(queue.wants_events());
}

TEST(SubscriptionQueueTest, WhatWasSentBeforeARestartIsTakenHoweverLong) {
  SubscriptionRecovery recovery = RecoveryAt(0);
  const int64_t sent = SubscriptionQueue::kMaxSpan + 500;
  recovery.state.sent_through = sent;
  for (int64_t seq = 2; seq < sent; ++seq) {
    recovery.attempted.push_back({seq, 1, /*delivered=*/true});
  }
  SubscriptionQueue queue(recovery);
  EXPECT_TRUE(queue.wants_events());
  EXPECT_THAT(SeqsOf(queue.TakeToSend(Read({1, 2, sent, sent + 1}, sent + 1))),
              ElementsAre(1, sent));
  EXPECT_FALSE(queue.wants_events());
}

TEST(SubscriptionQueueTest, RecoversWhatWasDoneAheadOfTheCursor) {
  SubscriptionRecovery recovery = RecoveryAt(10);
  recovery.attempted = {
      {.event_seq = 11, .attempt_count = 2, .delivered = false},
      {.event_seq = 12, .attempt_count = 1, .delivered = true}};
  recovery.exceptions = {
      {.event_seq = 5,
       .attempt_count = 3,
       .next_attempt_time = absl::UnixEpoch()},
      {.event_seq = 13, .state = DeliveryState::kParked, .attempt_count = 1}};
  SubscriptionQueue queue(recovery);
  EXPECT_EQ(queue.DueRetry(absl::Now()), 5);
  EXPECT_THAT(SeqsOf(queue.TakeToSend(Read({11, 12, 13, 14}, 14))),
              ElementsAre(11, 14));
  EXPECT_EQ(queue.attempt_count(11), 2);
  EXPECT_EQ(queue.attempt_count(5), 3);
  queue.Succeeded(11);
  EXPECT_EQ(queue.TakeUpdate().cursor, 13);
}

TEST(SubscriptionQueueTest, TellsWhatASessionMayKnowMoreOf) {
  SubscriptionRecovery recovery = RecoveryAt(10);
  recovery.exceptions = {
      {.event_seq = 5, .attempt_count = 1, .answered = true},
      {.event_seq = 6, .attempt_count = 1, .answered = false}};
  SubscriptionQueue queue(recovery);
  EXPECT_FALSE(queue.MayHaveEnded(4));
  EXPECT_FALSE(queue.MayHaveEnded(5));
  EXPECT_TRUE(queue.MayHaveEnded(6));
  EXPECT_TRUE(queue.MayHaveEnded(11));
  queue.RetrySent(5);
  queue.Returned(5, /*attempted=*/false);
  EXPECT_FALSE(queue.MayHaveEnded(5));
  queue.RetrySent(5);
  queue.Returned(5, /*attempted=*/true);
  EXPECT_TRUE(queue.MayHaveEnded(5));
  queue.RetrySent(5);
  queue.RetryAt(5, kNow, /*answered=*/true);
  EXPECT_FALSE(queue.MayHaveEnded(5));
}

TEST(SubscriptionQueueTest, RetryThatWasSentBeforeARestartStillCountsAsSent) {
  SubscriptionRecovery recovery = RecoveryAt(10);
  recovery.exceptions = {{.event_seq = 5, .sent = true, .attempt_count = 1}};
  SubscriptionQueue queue(recovery);
  EXPECT_THAT(queue.ListSent(), ElementsAre(5));
  EXPECT_EQ(queue.DueRetry(absl::Now()), std::nullopt);
  queue.Returned(5, /*attempted=*/true);
  EXPECT_EQ(queue.DueRetry(absl::Now()), 5);
}

TEST(SubscriptionQueueTest, ReopensWhatEndedUntilHalfOfTheRoomIsTaken) {
  SubscriptionRecovery recovery = RecoveryAt(20000);
  const int64_t most = SubscriptionQueue::kMaxRetrying / 2;
  for (int64_t seq = 2; seq <= most; ++seq) {
    recovery.exceptions.push_back(
        {.event_seq = seq, .next_attempt_time = kNow + absl::Hours(1)});
  }
  SubscriptionQueue queue(recovery);
  EXPECT_TRUE(queue.may_reopen());
  DeliveryRow ended;
  ended.event.seq = 1;
  ended.state = DeliveryState::kParked;
  ended.attempt_count = 3;
  ended.rejection_count = 2;
  queue.Reopen(ended, kNow);
  EXPECT_FALSE(queue.may_reopen());
  EXPECT_TRUE(queue.wants_events());
  EXPECT_EQ(queue.DueRetry(kNow), 1);
  EXPECT_EQ(queue.request_time(1), kNow);
  EXPECT_EQ(queue.request_time(2), std::nullopt);
  const DeliveryUpdate update = queue.TakeUpdate();
  EXPECT_EQ(update.cursor, 20000);
  EXPECT_EQ(update.newly_parked, -1);
  ASSERT_EQ(update.reopened.size(), 1u);
  EXPECT_EQ(update.reopened[0].ended_as, DeliveryState::kParked);
  ASSERT_EQ(update.put_exceptions.size(), 1u);
  EXPECT_EQ(update.put_exceptions[0].attempt_count, 3);
  EXPECT_EQ(update.put_exceptions[0].rejection_count, 2);
  EXPECT_EQ(update.put_exceptions[0].request_time, kNow);
}

}  // namespace
}  // namespace mqttpush
