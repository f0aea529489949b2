#include "workers/dispatch/sweeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/logging.h"

namespace mqttpush {
namespace {

// Events in one read and one commit: a few milliseconds of the loop and of the
// log's writer.
constexpr int kChunk = 500;
// The first read after a wait: most often the first event is not over yet.
constexpr int kPeek = 1;
// Events that expire one after the other are ended together.
constexpr absl::Duration kLeastDelay = absl::Milliseconds(200);
// So that a clock that is set forward is noticed.
constexpr absl::Duration kLongestDelay = absl::Minutes(1);
// After a failed read, or while too much is ahead.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

bool MayEnd(const SubscriptionDispatch& subscription, absl::Time now) {
  return subscription.discards() ||
         subscription.EarliestExpiry(now) < absl::InfiniteFuture();
}

}  // namespace

void Sweeper::Look(const SubscriptionPtr& subscription) {
  if (MayEnd(*subscription, clock_->Now())) Add(subscription, kPeek);
}

void Sweeper::NoteAppended(const SubscriptionPtr& subscription) {
  if (subscription->discards()) return Look(subscription);
  const absl::Time expiry = subscription->EarliestExpiry(clock_->Now());
  if (expiry < absl::InfiniteFuture()) LookAt(subscription, expiry);
}

void Sweeper::NoteResults(const SubscriptionPtr& subscription) {
  if (subscription->queue().finished()) return;
  const absl::Time now = clock_->Now();
  if (MayEnd(*subscription, now)) LookAt(subscription, now + kLeastDelay);
}

void Sweeper::Add(const SubscriptionPtr& subscription, int chunk) {
  later_.erase(subscription->uid());
  if (!in_to_do_.insert(subscription->uid()).second) return;
  to_do_.push_back({subscription, chunk});
  PostRound();
}

void Sweeper::LookAt(const SubscriptionPtr& subscription, absl::Time time) {
  if (in_to_do_.count(subscription->uid()) > 0) return;
  auto [later, added] =
      later_.try_emplace(subscription->uid(), Later{subscription, time});
  later->second.time = std::min(later->second.time, time);
  if (time < timer_time_) ArmTimer();
}

void Sweeper::PostRound() {
  if (std::exchange(round_posted_, true)) return;
  loop_->Post([this] { Round(); });
}

void Sweeper::Round() {
  round_posted_ = false;
  if (to_do_.empty() || stopped_) return;
  ToDo next = std::move(to_do_.front());
  to_do_.pop_front();
  in_to_do_.erase(next.subscription->uid());
  Sweep(next.subscription, next.chunk);
  if (!to_do_.empty()) PostRound();
}

void Sweeper::Sweep(const SubscriptionPtr& subscription, int chunk) {
  Found found = {.now = clock_->Now()};
  if (!MayEnd(*subscription, found.now)) return;
  if (!subscription->closed()) {
    found.link =
        status_->GetLink(subscription->subscription().broker_uid).state;
  }
  EndRetries(*subscription, found);
  if (subscription->discards()) chunk = kChunk;
  EndWaiting(*subscription, chunk, found);
  if (found.ended > 0) {
    commits_->Add({subscription->queue().TakeUpdate()},
                  [this, subscription] { Add(subscription, kChunk); });
  } else if (found.again) {
    Add(subscription, kChunk);
  } else if (found.next < absl::InfiniteFuture()) {
    LookAt(subscription, found.next);
  } else if (subscription->closed() && subscription->queue().finished()) {
    // An event that comes late opens it again, by what the log says.
    commits_->Add({}, [this, subscription] {
      if (subscription->queue().finished()) swept_(subscription);
    });
  }
}

void Sweeper::EndRetries(SubscriptionDispatch& subscription, Found& found) {
  SubscriptionQueue& queue = subscription.queue();
  while (found.ended < kChunk) {
    const std::optional<int64_t> seq = queue.FirstUnsentRetry();
    if (!seq.has_value()) return;
    EventRecord event;
    if (!subscription.discards()) {
      absl::StatusOr<EventRecord> read = log_->ReadEvent(*seq);
      if (absl::IsNotFound(read.status())) {
        queue.Ended(*seq, {EndReason::kEventLost}, found.now);
        ++found.ended;
        continue;
      }
      if (!read.ok()) {
        Log::Error("event_read_failed", {{"error", read.status().message()}});
        found.next = found.now + kRetryDelay;
        return;
      }
      event = *std::move(read);
    }
    const Ending ending = subscription.EndingOf(event, found.now, found.link);
    if (ending.reason == EndReason::kNone) {
      found.next = std::min(found.next, subscription.ExpiryOf(event));
      return;
    }
    queue.Ended(*seq, ending, found.now);
    ++found.ended;
  }
  found.again = true;
}

void Sweeper::EndWaiting(SubscriptionDispatch& subscription, int chunk,
                         Found& found) {
  SubscriptionQueue& queue = subscription.queue();
  if (queue.at_end() || found.ended >= kChunk) return;
  if (!queue.has_room()) {
    found.next = std::min(found.next, found.now + kRetryDelay);
    return;
  }
  absl::StatusOr<EventLog::NextEvents> next =
      log_->ReadNext(subscription.tenant_uid(), subscription.uid(),
                     queue.read_position(), chunk);
  if (!next.ok()) {
    Log::Error("event_read_failed", {{"error", next.status().message()}});
    found.next = std::min(found.next, found.now + kRetryDelay);
    return;
  }
  found.again |= !next->at_end;
  CutAtTheLiving(subscription, *next, found);
  for (const EventRecord& event : queue.TakeToSend(*std::move(next))) {
    queue.Ended(event.seq, subscription.EndingOf(event, found.now, found.link),
                found.now);
    ++found.ended;
  }
}

void Sweeper::CutAtTheLiving(const SubscriptionDispatch& subscription,
                             EventLog::NextEvents& next, Found& found) const {
  auto living = std::find_if(
      next.events.begin(), next.events.end(), [&](const EventRecord& event) {
        return subscription.EndingOf(event, found.now, found.link).reason ==
               EndReason::kNone;
      });
  if (living == next.events.end()) return;
  found.again = false;
  found.next = std::min(found.next, subscription.ExpiryOf(*living));
  next.scanned_through = living->seq - 1;
  next.at_end = false;
  next.events.erase(living, next.events.end());
}

void Sweeper::ArmTimer() {
  loop_->CancelTimer(timer_);
  timer_time_ = absl::InfiniteFuture();
  for (const auto& [uid, later] : later_) {
    timer_time_ = std::min(timer_time_, later.time);
  }
  if (later_.empty()) return;
  const absl::Duration delay =
      std::clamp(timer_time_ - clock_->Now(), kLeastDelay, kLongestDelay);
  timer_ = loop_->PostAfter(delay, [this] {
    const absl::Time now = clock_->Now();
    std::vector<SubscriptionPtr> due;
    for (const auto& [uid, later] : later_) {
      if (later.time <= now) due.push_back(later.subscription);
    }
    for (const SubscriptionPtr& subscription : due) Look(subscription);
    ArmTimer();
  });
}

}  // namespace mqttpush
