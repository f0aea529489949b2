// Ingest alone: what the service accepts, validated, when nothing is pushed.
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/cpu_usage.h"
#include "bench/installation.h"
#include "bench/load.h"
#include "bench/sections.h"
#include "common/mutex.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "tests/support/rpc.h"

namespace mqttpush::bench {
namespace {

constexpr int kCallers = 8;  // of unary calls, each with one at a time
constexpr int kStreamBatch = 100;

// Unary calls of `batch` events from some callers, until the time is over.
class UnaryCalls {
 public:
  UnaryCalls(Load& load, Installation& installation, int batch)
      : load_(load), ingest_(installation.service().ingest()), batch_(batch) {}

  // How many events were accepted.
  absl::StatusOr<int64_t> Run(absl::Duration duration) {
    deadline_ = SteadyNow() + duration;
    std::vector<std::thread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([this] { Caller(); });
    }
    for (std::thread& caller : callers) caller.join();
    MutexLock lock(&mutex_);
    MQTTPUSH_RETURN_IF_ERROR(failure_);
    return accepted_;
  }

  std::vector<double> millis() {
    MutexLock lock(&mutex_);
    return millis_;
  }

 private:
  void Caller() {
    while (SteadyNow() < deadline_) {
      v1::PublishEventsRequest request;
      {
        MutexLock lock(&mutex_);
        if (!failure_.ok()) return;
        request = load_.Batch(batch_);
      }
      const absl::Duration start = SteadyNow();
      const auto response =
          Call<v1::PublishEventsResponse>([&](auto* context, auto* response) {
            return ingest_.PublishEvents(context, request, response);
          });
      Note(response, SteadyNow() - start);
    }
  }

  void Note(const absl::StatusOr<v1::PublishEventsResponse>& response,
            absl::Duration took) {
    MutexLock lock(&mutex_);
    failure_.Update(response.status());
    if (!response.ok()) return;
    millis_.push_back(absl::ToDoubleMilliseconds(took));
    for (const v1::EventResult& result : response->results()) {
      accepted_ += result.outcome() == v1::EventResult::ACCEPTED;
    }
  }

  Load& load_;
  v1::IngestService::Stub& ingest_;
  const int batch_;
  absl::Duration deadline_;
  Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int64_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<double> millis_ ABSL_GUARDED_BY(mutex_);
};

class IngestCase {
 public:
  IngestCase(Bench& bench, Installation& installation, Table& table)
      : bench_(bench),
        installation_(installation),
        load_(bench.samples, installation),
        table_(table) {}

  absl::Status Unary(int batch) {
    Begin();
    UnaryCalls calls(load_, installation_, batch);
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t accepted,
                              calls.Run(bench_.scale.run));
    End(absl::StrCat("ingest_unary_", batch),
        absl::StrCat("unary, batches of ", batch), accepted,
        Percentile(calls.millis(), 0.5), Percentile(calls.millis(), 0.99));
    return absl::OkStatus();
  }

  // As many events as the time allows.
  absl::Status Stream() {
    Begin();
    const absl::Duration deadline = SteadyNow() + bench_.scale.run;
    int64_t sent = 0;
    const absl::Status status =
        load_.Stream(INT64_MAX, kStreamBatch, [&]() -> absl::Status {
          if (SteadyNow() > deadline) return absl::CancelledError("time");
          sent += kStreamBatch;
          return absl::OkStatus();
        });
    if (!absl::IsCancelled(status)) return status;
    End("ingest_stream_100", "stream, batches of 100", sent, 0, 0);
    return absl::OkStatus();
  }

 private:
  void Begin() {
    start_ = SteadyNow();
    meter_ = std::make_unique<CpuMeter>(
        CpuMeter::Groups{{"service", {installation_.service().pid()}},
                         {"producer", {getpid()}}});
  }

  void End(const std::string& key, const std::string& name, int64_t accepted,
           double p50, double p99) {
    const auto events = static_cast<double>(accepted);
    const double rate = events / absl::ToDoubleSeconds(SteadyNow() - start_);
    auto spent = meter_->Spent();
    const double service =
        absl::ToDoubleMicroseconds(spent["service"]) / events;
    const double producer =
        absl::ToDoubleMicroseconds(spent["producer"]) / events;
    bench_.figures.Set(key + "_per_second", rate);
    bench_.figures.Set(key + "_service_cpu_us_per_event", service);
    bench_.figures.Set(key + "_producer_cpu_us_per_event", producer);
    if (p99 > 0) {
      bench_.figures.Set(key + "_p50_ms", p50);
      bench_.figures.Set(key + "_p99_ms", p99);
    }
    table_.Add({name, Readable(rate), Readable(service), Readable(producer),
                p99 > 0 ? Readable(p50) : "", p99 > 0 ? Readable(p99) : ""});
  }

  Bench& bench_;
  Installation& installation_;
  Load load_;
  Table& table_;
  absl::Duration start_;
  std::unique_ptr<CpuMeter> meter_;
};

}  // namespace

absl::Status RunIngest(Bench& bench) {
  MQTTPUSH_ASSIGN_OR_RETURN(const auto broker, StartBroker());
  MQTTPUSH_ASSIGN_OR_RETURN(
      const auto installation,
      Installation::Create(
          {.tenants = bench.scale.many_tenants, .paused = true}, *broker));
  Table table(
      {"ingest", "events/s", "µs service", "µs producer", "p50 ms", "p99 ms"});
  IngestCase ingest(bench, *installation, table);
  MQTTPUSH_RETURN_IF_ERROR(ingest.Stream());  // warms up
  table = Table(
      {"ingest", "events/s", "µs service", "µs producer", "p50 ms", "p99 ms"});
  for (const int batch : {1, 10, 100}) {
    MQTTPUSH_RETURN_IF_ERROR(ingest.Unary(batch));
  }
  MQTTPUSH_RETURN_IF_ERROR(ingest.Stream());
  table.Print(absl::StrCat(
      "Ingest alone: validated, routed and fsynced; subscriptions are paused; ",
      kCallers, " unary callers"));
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
