#include "services/history/replay_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "services/api/resource_names.h"
#include "services/history/replay_policy.h"
#include "services/history/replay_walk.h"

namespace mqttpush {
namespace {

// config.db cannot be written.
constexpr absl::Duration kSaveAgainDelay = absl::Seconds(5);
// Read at once, however high the rate.
constexpr int kMaxAhead = 200;

// "": none that is known.
std::string NameOf(int64_t subscription_uid, const ConfigSnapshot& snapshot) {
  const SubscriptionRecord* found = snapshot.FindSubscription(subscription_uid);
  if (found == nullptr) return "";
  const TenantRecord* tenant = snapshot.FindTenant(found->tenant_uid);
  return tenant == nullptr ? "" : SubscriptionName(tenant->id, found->id);
}

}  // namespace

// Why it did not go on is of the run before.
ReplayRun::ReplayRun(const ReplayParts* parts, ReplayRecord record)
    : parts_(*parts), record_(std::move(record)) {
  record_.error.clear();
}

ReplayRun::Next ReplayRun::Step() {
  if (!saved_) return Save({});
  const auto snapshot = parts_.config->Snapshot();
  const HistoryQuery& query = record_.query;
  if (snapshot->FindTenant(query.tenant_uid) == nullptr) {
    return {.ended = true};  // and removed
  }
  if (query.subscription_uid.has_value() &&
      snapshot->FindSubscription(*query.subscription_uid) == nullptr) {
    return End(ReplayState::kFailed, "its subscription was deleted");
  }
  const absl::Duration start = SteadyNow();
  const absl::StatusOr<bool> ready = LookAhead(*snapshot);
  if (!ready.ok()) return Hold(ready.status(), "");
  // A long way without a match takes no more than half of a core.
  if (!*ready) return {.wait = 2 * (SteadyNow() - start)};
  if (ahead_.empty()) return End(ReplayState::kSucceeded, "");
  return RequestBatch(*snapshot);
}

absl::StatusOr<bool> ReplayRun::LookAhead(const ConfigSnapshot& snapshot) {
  if (!ahead_.empty() || at_end_) return true;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const ReplayStep step,
      ReadReplayStep(*parts_.history, snapshot, record_, record_.position,
                     parts_.clock->Now(),
                     std::min(record_.max_per_second, kMaxAhead)));
  for (const ReplayStep::Match& match : step.matches) {
    ahead_.push_back(match.key);
  }
  at_end_ = step.at_end;
  ahead_through_ = step.position;
  if (ahead_.empty()) record_.position = ahead_through_;
  return !ahead_.empty() || at_end_;
}

ReplayRun::Next ReplayRun::RequestBatch(const ConfigSnapshot& snapshot) {
  const size_t size =
      std::min<size_t>(ReplayBatchSize(record_.max_per_second), ahead_.size());
  const std::vector<DeliveryKey> batch(ahead_.begin(), ahead_.begin() + size);
  const ReplayBatchOutcome outcome =
      JudgeReplayBatch(RedeliverAll(parts_.redeliver, batch));
  record_.requested_count += outcome.requested;
  record_.skipped_count += outcome.skipped;
  if (outcome.passed > 0) record_.position = batch[outcome.passed - 1];
  if (!outcome.hold.ok()) {
    // Read again from there: some of what follows was taken.
    ahead_.clear();
    at_end_ = false;
    return Hold(outcome.hold,
                NameOf(batch[outcome.passed].subscription_uid, snapshot));
  }
  ahead_.erase(ahead_.begin(), ahead_.begin() + size);
  if (ahead_.empty()) record_.position = ahead_through_;
  record_.error.clear();
  return Save({.wait = ReplayPause(size, record_.max_per_second)});
}

ReplayRun::Next ReplayRun::Hold(const absl::Status& why,
                                const std::string& where) {
  record_.error = absl::StrCat("it waits", where.empty() ? "" : " at ", where,
                               ": ", why.message());
  return Save({.wait = ReplayHoldDelay(why)});
}

ReplayRun::Next ReplayRun::End(ReplayState state, const std::string& error) {
  record_.state = state;
  record_.error = error;
  record_.finish_time = parts_.clock->Now();
  if (state == ReplayState::kSucceeded) {
    // Those too that had changed so that they were not found any more.
    record_.skipped_count = std::max(
        record_.skipped_count, record_.matched_count - record_.requested_count);
  }
  Log::Info("replay_ended", {{"replay", record_.uid},
                             {"requested", record_.requested_count},
                             {"skipped", record_.skipped_count},
                             {"error", record_.error}});
  return Save({});
}

ReplayRun::Next ReplayRun::Save(Next next) {
  const absl::StatusOr<ReplayState> state = parts_.store->Update(record_);
  saved_ = state.ok();
  if (absl::IsNotFound(state.status())) return {.ended = true};
  if (!saved_) {
    Log::Error("replay_not_saved",
               {{"replay", record_.uid}, {"error", state.status().message()}});
    return {.wait = kSaveAgainDelay};
  }
  if (*state != ReplayState::kRunning) return {.ended = true};
  return next;
}

}  // namespace mqttpush
