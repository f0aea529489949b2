#include "workers/dispatch/outbox_trimmer.h"

#include <algorithm>
#include <utility>

#include "common/logging.h"

namespace mqttpush {
namespace {

// Events in one read and one commit.
constexpr int kChunk = 500;
// While all that is over is with a worker, or cannot be read.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);
// An outbox that stays full is no news with every event.
constexpr absl::Duration kReportInterval = absl::Minutes(1);

constexpr Ending kDropped = {EndReason::kOutboxFull};

// The oldest that may be ended; absent when there is none. What is read next
// may be later than this says, but not by much: what lies between has ended.
std::optional<int64_t> OldestSeq(const SubscriptionQueue& queue) {
  std::optional<int64_t> oldest = queue.FirstUnsentRetry();
  if (queue.at_end()) return oldest;
  const int64_t waiting = queue.read_position() + 1;
  return std::min(oldest.value_or(waiting), waiting);
}

}  // namespace

void OutboxTrimmer::OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  for (const auto& [id, tenant] : snapshot_->tenants()) {
    NoteAppended(tenant->uid);
  }
}

void OutboxTrimmer::NoteAppended(int64_t tenant_uid) {
  if (trimming_.count(tenant_uid) == 0) Trim(tenant_uid);
}

OutboxTrimmer::Excess OutboxTrimmer::ExcessOf(
    const TenantRecord& tenant) const {
  const TenantQuota quota = EffectiveQuota(tenant.quota, rules_);
  if (quota.outbox_policy != OutboxPolicy::kDropOldest) return {};
  const Outbox outbox = log_->GetOutbox(tenant.uid);
  return {outbox.events - quota.max_waiting_events,
          outbox.bytes - quota.max_waiting_bytes};
}

void OutboxTrimmer::Trim(int64_t tenant_uid) {
  trimming_.erase(tenant_uid);
  const TenantRecord* tenant = snapshot_->FindTenant(tenant_uid);
  if (stopped_ || tenant == nullptr) return;
  const Excess excess = ExcessOf(*tenant);
  if (!excess.any()) return Report(*tenant);
  trimming_.insert(tenant_uid);
  for (const SubscriptionPtr& subscription : OldestFirst(tenant_uid)) {
    const int ended = EndOldest(*subscription, excess);
    if (ended == 0) continue;
    dropped_[tenant_uid].count += ended;
    return commits_->Add({subscription->queue().TakeUpdate()},
                         [this, tenant_uid] { Trim(tenant_uid); });
  }
  TrimLater(tenant_uid);
}

void OutboxTrimmer::TrimLater(int64_t tenant_uid) {
  loop_->PostAfter(kRetryDelay, [this, tenant_uid] { Trim(tenant_uid); });
}

// What is deleted or disabled ends anyway.
std::vector<OutboxTrimmer::SubscriptionPtr> OutboxTrimmer::OldestFirst(
    int64_t tenant_uid) const {
  std::multimap<int64_t, SubscriptionPtr> by_seq;
  for (const auto& [uid, subscription] : *subscriptions_) {
    if (subscription->tenant_uid() != tenant_uid) continue;
    if (subscription->discards()) continue;
    const std::optional<int64_t> oldest = OldestSeq(subscription->queue());
    if (oldest.has_value()) by_seq.emplace(*oldest, subscription);
  }
  std::vector<SubscriptionPtr> oldest_first;
  for (auto& [seq, subscription] : by_seq) {
    oldest_first.push_back(std::move(subscription));
  }
  return oldest_first;
}

int OutboxTrimmer::EndOldest(SubscriptionDispatch& subscription,
                             Excess excess) {
  const int retries = EndRetries(subscription, excess);
  if (!excess.any()) return retries;
  return retries + EndWaiting(subscription, excess);
}

int OutboxTrimmer::EndRetries(SubscriptionDispatch& subscription,
                              Excess& excess) {
  SubscriptionQueue& queue = subscription.queue();
  int ended = 0;
  while (excess.any() && ended < kChunk) {
    const std::optional<int64_t> seq = queue.FirstUnsentRetry();
    if (!seq.has_value()) break;
    const absl::StatusOr<EventRecord> event = log_->ReadEvent(*seq);
    if (event.ok()) {
      queue.Ended(*seq, kDropped, clock_->Now());
      excess.bytes -= static_cast<int64_t>(event->payload.size());
    } else if (absl::IsNotFound(event.status())) {
      queue.Ended(*seq, {EndReason::kEventLost}, clock_->Now());
    } else {
      Log::Error("event_read_failed", {{"error", event.status().message()}});
      break;
    }
    --excess.events;
    ++ended;
  }
  return ended;
}

int OutboxTrimmer::EndWaiting(SubscriptionDispatch& subscription,
                              const Excess& excess) {
  SubscriptionQueue& queue = subscription.queue();
  if (queue.at_end() || !queue.has_room()) return 0;
  absl::StatusOr<EventLog::NextEvents> next =
      log_->ReadNext(subscription.tenant_uid(), subscription.uid(),
                     queue.read_position(), kChunk);
  if (!next.ok()) {
    Log::Error("event_read_failed", {{"error", next.status().message()}});
    return 0;
  }
  CutWhereItIsEnough(excess, *next);
  int ended = 0;
  for (const EventRecord& event : queue.TakeToSend(*std::move(next))) {
    queue.Ended(event.seq, kDropped, clock_->Now());
    ++ended;
  }
  return ended;
}

void OutboxTrimmer::CutWhereItIsEnough(Excess excess,
                                       EventLog::NextEvents& next) {
  auto enough = next.events.begin();
  for (; enough != next.events.end() && excess.any(); ++enough) {
    --excess.events;
    excess.bytes -= static_cast<int64_t>(enough->payload.size());
  }
  if (enough == next.events.end()) return;
  next.scanned_through = enough->seq - 1;
  next.at_end = false;
  next.events.erase(enough, next.events.end());
}

void OutboxTrimmer::Report(const TenantRecord& tenant) {
  const auto dropped = dropped_.find(tenant.uid);
  if (dropped == dropped_.end() || dropped->second.count == 0) return;
  const absl::Time now = clock_->Now();
  if (now < dropped->second.next_report) return;
  Log::Warning("outbox_dropped",
               {{"tenant", tenant.id}, {"deliveries", dropped->second.count}});
  dropped->second = {.count = 0, .next_report = now + kReportInterval};
}

}  // namespace mqttpush
