#include "bench/log_queries.h"

#include <time.h>

#include <algorithm>
#include <optional>

#include "absl/time/clock.h"
#include "bench/log_load.h"
#include "bench/pacing.h"
#include "common/status_macros.h"

namespace mqttpush::bench {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(5);
constexpr int kPageSize = 100;  // the API's default

DeliveryState AsItIs(int64_t, int64_t, DeliveryState state) { return state; }

// The question of a kind, about the event of that number; `failures` lists
// attempts instead.
HistoryQuery QueryOf(const std::string& kind, int64_t number) {
  HistoryQuery query;
  query.tenant_uid = LogLoad::TenantUid(number);
  if (kind == "event_id") query.event_id = LogLoad::EventId(number);
  if (kind == "asset") query.asset_id = LogLoad::AssetId(number);
  if (kind == "subscription") query.subscription_uid = query.tenant_uid;
  if (kind == "object_type") query.object_type = LogLoad::TypeOf(number);
  if (kind == "topic") {
    query.topic = LogLoad::TopicOf(query.tenant_uid, LogLoad::TypeOf(number));
  }
  if (kind == "time") {
    query.end_time = absl::Now() - absl::Milliseconds(number % 1000);
    query.start_time = query.end_time - absl::Milliseconds(100);
  }
  return query;
}

}  // namespace

const std::vector<std::string>& LogQueries::Kinds() {
  static const auto* const kinds = new std::vector<std::string>{
      "event_id", "asset",       "time",    "subscription",
      "topic",    "object_type", "failures"};
  return *kinds;
}

LogQueries::LogQueries(HistoryReader& reader)
    : reader_(reader), thread_([this] { Run(); }) {}

LogQueries::~LogQueries() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void LogQueries::Grown(int64_t count, int phase) {
  MutexLock lock(&mutex_);
  count_ = count;
  phase_ = phase;
}

absl::StatusOr<std::map<std::string, std::vector<double>>> LogQueries::Stop(
    int phase) {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  MutexLock lock(&mutex_);
  MQTTPUSH_RETURN_IF_ERROR(failure_);
  return millis_[phase];
}

void LogQueries::Run() {
  Pacer pacer(kInterval);
  absl::Status status;
  for (size_t turn = 0; status.ok() && !stopping_; ++turn) {
    pacer.Next();
    int64_t count = 0;
    {
      MutexLock lock(&mutex_);
      count = count_;
    }
    if (count > 0) status = Ask(turn % Kinds().size(), count);
    timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    cpu_nanos_ = absl::ToInt64Nanoseconds(absl::DurationFromTimespec(used));
  }
  MutexLock lock(&mutex_);
  failure_ = status;
}

absl::Status LogQueries::Ask(size_t kind, int64_t count) {
  const std::string& name = Kinds()[kind];
  const auto number = static_cast<int64_t>(random_() % count);
  const HistoryQuery query = QueryOf(name, number);
  const absl::Duration start = SteadyNow();
  absl::Status status;
  size_t rows = 0;
  if (name == "failures") {
    const auto page =
        reader_.ListAttempts(query, false, std::nullopt, kPageSize);
    status = page.status();
    rows = page.ok() ? page->rows.size() : 0;
  } else {
    const auto page =
        reader_.ListDeliveries(query, {}, &AsItIs, std::nullopt, kPageSize);
    status = page.status();
    rows = page.ok() ? page->rows.size() : 0;
  }
  const double millis = absl::ToDoubleMilliseconds(SteadyNow() - start);
  MQTTPUSH_RETURN_IF_ERROR(status);
  // What was written must be found, or the speed of the answer means nothing.
  if (rows == 0 && (name == "event_id" || name == "asset")) {
    return absl::InternalError("a query did not find what the log has");
  }
  MutexLock lock(&mutex_);
  millis_[phase_][name].push_back(millis);
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
