#include "server/conservation_watch.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/logging.h"

namespace mqttpush {
namespace {

// For each second of work so many of rest.
constexpr int kRest = 9;
constexpr absl::Duration kRetryDelay = absl::Seconds(1);
constexpr absl::Duration kSummaryInterval = absl::Hours(1);

// Both sides move on with the traffic; the same gap is the same loss.
int64_t Gap(const ConservationDifference& difference) {
  return difference.stated - difference.counted;
}

}  // namespace

ConservationWatch::ConservationWatch(std::unique_ptr<ConservationAudit> audit,
                                     absl::Duration interval,
                                     const Clock* clock)
    : audit_(std::move(audit)),
      interval_(interval),
      clock_(clock),
      thread_([this] { Run(); }) {}

ConservationWatch::~ConservationWatch() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stopped_.SignalAll();
  }
  thread_.join();
}

ConservationCounters ConservationWatch::counters() const {
  MutexLock lock(&mutex_);
  return counters_;
}

void ConservationWatch::Run() {
  while (Rest(RunStep())) {
  }
}

// Woken for nothing, the next step only begins early.
bool ConservationWatch::Rest(absl::Duration duration) {
  MutexLock lock(&mutex_);
  if (!stopping_) stopped_.WaitFor(&mutex_, duration);
  return !stopping_;
}

absl::Duration ConservationWatch::RunStep() {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<std::optional<ConservationReport>> report =
      audit_->Step();
  const absl::Duration rest =
      kRest * absl::FromChrono(std::chrono::steady_clock::now() - start);
  if (!report.ok()) {
    NoteFailure(report.status());
    return std::max(rest, kRetryDelay);
  }
  last_failure_.clear();
  if (!report->has_value()) return rest;
  Take(**report);
  return std::max(rest, interval_);
}

void ConservationWatch::Take(const ConservationReport& report) {
  const absl::Time now = clock_->Now();
  LogSummary(report, now);
  LogChanges(report);
  MutexLock lock(&mutex_);
  ++counters_.audits;
  counters_.differences = static_cast<int64_t>(report.differences.size());
  counters_.audit_time = now;
}

void ConservationWatch::LogChanges(const ConservationReport& report) {
  std::map<Key, ConservationDifference> found;
  for (const ConservationDifference& difference : report.differences) {
    const Key key = {difference.subscription_uid, difference.count};
    found[key] = difference;
    const auto before = known_.find(key);
    if (before != known_.end() && Gap(before->second) == Gap(difference)) {
      continue;
    }
    Log::Error("conservation_violated",
               {{"subscription", difference.subscription_id},
                {"subscription_uid", difference.subscription_uid},
                {"tenant_uid", difference.tenant_uid},
                {"count", difference.count},
                {"stated", difference.stated},
                {"counted", difference.counted}});
    MutexLock lock(&mutex_);
    ++counters_.violations;
  }
  for (const auto& [key, difference] : known_) {
    if (found.count(key) > 0) continue;
    Log::Info("conservation_restored",
              {{"subscription", difference.subscription_id},
               {"subscription_uid", difference.subscription_uid},
               {"count", difference.count}});
  }
  known_ = std::move(found);
}

void ConservationWatch::LogSummary(const ConservationReport& report,
                                   absl::Time now) {
  const bool due = now >= last_info_ + kSummaryInterval;
  if (due) last_info_ = now;
  const auto log = due ? &Log::Info : &Log::Debug;
  log("conservation_audited", {{"subscriptions", report.subscriptions},
                               {"events", report.events},
                               {"attempts", report.attempts},
                               {"differences", report.differences.size()}});
}

void ConservationWatch::NoteFailure(const absl::Status& status) {
  if (last_failure_ == status.message()) return;
  last_failure_ = std::string(status.message());
  Log::Warning("conservation_audit_failed", {{"error", status.message()}});
}

}  // namespace mqttpush
