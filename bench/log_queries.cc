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
// Of a batch for its commit.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

DeliveryState AsItIs(int64_t, int64_t, DeliveryState state) { return state; }

// The question of a kind, about the event of that number, which was accepted at
// that time or a little later; `failures` lists attempts instead.
HistoryQuery QueryOf(const std::string& kind, int64_t number,
                     absl::Time accepted) {
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
    query.start_time = accepted;
    query.end_time = accepted + kLongestWait;
  }
  return query;
}

}  // namespace

const std::vector<std::string>& LogQueries::Kinds() {
  static const auto* const kinds = new std::vector<std::string>{
      "event_id",     "asset", "time",        "parked",
      "subscription", "topic", "object_type", "failures"};
  return *kinds;
}

LogQueries::LogQueries(HistoryReader& reader, const LogLoad& load)
    : reader_(reader), load_(load), thread_([this] { Run(); }) {}

LogQueries::~LogQueries() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void LogQueries::Grown(int64_t count, int part) {
  MutexLock lock(&mutex_);
  count_ = count;
  part_ = part;
}

absl::Status LogQueries::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  MutexLock lock(&mutex_);
  return failure_;
}

std::vector<double> LogQueries::Millis(const std::string& kind, int first_part,
                                       int last_part) const {
  MutexLock lock(&mutex_);
  std::vector<double> all;
  for (const auto& [part, by_kind] : millis_) {
    if (part < first_part || part > last_part) continue;
    const auto found = by_kind.find(kind);
    if (found == by_kind.end()) continue;
    all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
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
  const HistoryQuery query = QueryOf(name, number, load_.AppendTime(number));
  std::vector<DeliveryState> states;
  if (name == "parked") states = {DeliveryState::kParked};
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
        reader_.ListDeliveries(query, states, &AsItIs, std::nullopt, kPageSize);
    status = page.status();
    rows = page.ok() ? page->rows.size() : 0;
  }
  const double millis = absl::ToDoubleMilliseconds(SteadyNow() - start);
  MQTTPUSH_RETURN_IF_ERROR(status);
  // What was written must be found, or the speed of the answer means nothing.
  // (A tenant's first failure comes after some 100,000 events.)
  if (rows == 0 && name != "failures" && name != "parked") {
    return absl::InternalError("a query did not find what the log has");
  }
  MutexLock lock(&mutex_);
  millis_[part_][name].push_back(millis);
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
