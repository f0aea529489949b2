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
std::optional<int64_t> OldestSeq(const SubscriptionQueue& queue,
                                 bool requested) {
  const std::optional<int64_t> oldest = queue.FirstUnsentRetry(requested);
  if (requested || queue.at_end()) return oldest;
  const int64_t waiting = queue.read_position() + 1;
  return std::min(oldest.value_or(waiting), waiting);
}

}  // namespace

// A payload that is read in vain costs the loop as much as one that is not.
int OutboxTrimmer::CountFor(const Excess& excess) {
  const int64_t of_bytes =
      excess.bytes / std::max<int64_t>(excess.event_bytes, 1) + 1;
  return static_cast<int>(std::clamp<int64_t>(
      excess.bytes > 0 ? std::max(excess.events, of_bytes) : excess.events, 1,
      kChunk));
}

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
  return {.events = outbox.events - quota.max_waiting_events,
          .bytes = outbox.bytes - quota.max_waiting_bytes,
          .event_bytes = outbox.bytes / std::max<int64_t>(outbox.events, 1)};
}

OutboxTrimmer::Excess OutboxTrimmer::WithoutEnding(Excess excess,
                                                   int64_t tenant_uid) const {
  const int64_t ending = commits_->CountEnding([&](int64_t uid) {
    const auto found = subscriptions_->find(uid);
    return found != subscriptions_->end() &&
           found->second->tenant_uid() == tenant_uid;
  });
  excess.events -= ending;
  excess.bytes -= ending * excess.event_bytes;
  return excess;
}

void OutboxTrimmer::Trim(int64_t tenant_uid) {
  trimming_.erase(tenant_uid);
  const TenantRecord* tenant = snapshot_->FindTenant(tenant_uid);
  if (stopped_ || tenant == nullptr) return;
  const Excess on_disk = ExcessOf(*tenant);
  if (!on_disk.any()) return ReportAtTheEnd(*tenant);
  ReportOnTheWay(*tenant);
  trimming_.insert(tenant_uid);
  const Excess excess = WithoutEnding(on_disk, tenant_uid);
  if (!excess.any()) {  // as far as is known before that is on disk
    return commits_->Add({}, [this, tenant_uid] { Trim(tenant_uid); });
  }
  if (EndSome(tenant_uid, excess, /*requested=*/false)) return;
  if (EndSome(tenant_uid, excess, /*requested=*/true)) return;
  TrimLater(tenant_uid);
}

bool OutboxTrimmer::EndSome(int64_t tenant_uid, const Excess& excess,
                            bool requested) {
  for (const SubscriptionPtr& subscription :
       OldestFirst(tenant_uid, requested)) {
    const int ended = EndOldest(*subscription, excess, requested);
    if (ended == 0) continue;
    NoteDropped(tenant_uid, ended);
    commits_->Add({subscription->queue().TakeUpdate()},
                  [this, tenant_uid] { Trim(tenant_uid); });
    return true;
  }
  return false;
}

void OutboxTrimmer::TrimLater(int64_t tenant_uid) {
  loop_->PostAfter(kRetryDelay, [this, tenant_uid] { Trim(tenant_uid); });
}

// What is deleted or disabled ends anyway.
std::vector<OutboxTrimmer::SubscriptionPtr> OutboxTrimmer::OldestFirst(
    int64_t tenant_uid, bool requested) const {
  std::multimap<int64_t, SubscriptionPtr> by_seq;
  for (const auto& [uid, subscription] : *subscriptions_) {
    if (subscription->tenant_uid() != tenant_uid) continue;
    if (subscription->discards()) continue;
    const std::optional<int64_t> oldest =
        OldestSeq(subscription->queue(), requested);
    if (oldest.has_value()) by_seq.emplace(*oldest, subscription);
  }
  std::vector<SubscriptionPtr> oldest_first;
  for (auto& [seq, subscription] : by_seq) {
    oldest_first.push_back(std::move(subscription));
  }
  return oldest_first;
}

int OutboxTrimmer::EndOldest(SubscriptionDispatch& subscription, Excess excess,
                             bool requested) {
  const int retries = EndRetries(subscription, excess, requested);
  if (requested || !excess.any()) return retries;
  return retries + EndWaiting(subscription, excess);
}

int OutboxTrimmer::EndRetries(SubscriptionDispatch& subscription,
                              Excess& excess, bool requested) {
  SubscriptionQueue& queue = subscription.queue();
  int ended = 0;
  while (excess.any() && ended < kChunk) {
    const std::optional<int64_t> seq = queue.FirstUnsentRetry(requested);
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
                     queue.read_position(), CountFor(excess));
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

void OutboxTrimmer::NoteDropped(int64_t tenant_uid, int count) {
  Dropped& dropped = dropped_[tenant_uid];
  if (dropped.count == 0) dropped.since = clock_->Now();
  dropped.count += count;
}

void OutboxTrimmer::ReportAtTheEnd(const TenantRecord& tenant) {
  Dropped& dropped = dropped_[tenant.uid];
  if (clock_->Now() >= dropped.next_report) Report(tenant, dropped);
}

void OutboxTrimmer::ReportOnTheWay(const TenantRecord& tenant) {
  Dropped& dropped = dropped_[tenant.uid];
  if (clock_->Now() >= dropped.since + kReportInterval) Report(tenant, dropped);
}

void OutboxTrimmer::Report(const TenantRecord& tenant, Dropped& dropped) {
  if (dropped.count == 0) return;
  Log::Warning("outbox_dropped",
               {{"tenant", tenant.id}, {"deliveries", dropped.count}});
  dropped = {.next_report = clock_->Now() + kReportInterval};
}

}  // namespace mqttpush
