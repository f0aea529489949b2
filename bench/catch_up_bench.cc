// Catch-up: a broker comes back to a long backlog.
#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/cpu_usage.h"
#include "bench/installation.h"
#include "bench/load.h"
#include "bench/pacing.h"
#include "bench/sections.h"
#include "common/status_macros.h"

namespace mqttpush::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(30);
constexpr int kBatch = 500;

// Looks at the memory of two processes until it is told to stop, on a thread of
// its own.
class MemoryWatch {
 public:
  MemoryWatch(pid_t service, pid_t worker)
      : service_(service),
        worker_(worker),
        before_{MemoryOf({service}).mib, MemoryOf({worker}).mib},
        most_(before_),
        thread_([this] { Run(); }) {}
  ~MemoryWatch() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // After Stop(), in MiB.
  double service_growth() const { return most_.service - before_.service; }
  double worker_growth() const { return most_.worker - before_.worker; }
  double service_before() const { return before_.service; }
  double worker_before() const { return before_.worker; }

 private:
  struct Mib {
    double service;
    double worker;
  };

  void Run() {
    while (!stopping_) {
      most_.service = std::max(most_.service, MemoryOf({service_}).mib);
      most_.worker = std::max(most_.worker, MemoryOf({worker_}).mib);
      LetPass(absl::Milliseconds(100));
    }
  }

  const pid_t service_;
  const pid_t worker_;
  const Mib before_;
  Mib most_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // last: starts when the rest is ready
};

// Events per second of `count`, from the first sent to the last delivered.
absl::StatusOr<double> SteadyRate(Load& load, Installation& installation,
                                  int64_t count) {
  const absl::Duration start = SteadyNow();
  MQTTPUSH_RETURN_IF_ERROR(load.StreamAsDelivered(count));
  MQTTPUSH_RETURN_IF_ERROR(installation.WaitUntilDelivered(kPatience));
  return static_cast<double>(count) /
         absl::ToDoubleSeconds(SteadyNow() - start);
}

// From the connection to the last delivered.
absl::StatusOr<double> DrainRate(Installation& installation,
                                 MosquittoBroker& broker, int64_t count) {
  MQTTPUSH_RETURN_IF_ERROR(broker.Start());
  MQTTPUSH_RETURN_IF_ERROR(
      installation.WaitForLink(0, v1::Link::CONNECTED, absl::Minutes(5)));
  const absl::Duration start = SteadyNow();
  MQTTPUSH_RETURN_IF_ERROR(installation.WaitUntilDelivered(kPatience));
  return static_cast<double>(count) /
         absl::ToDoubleSeconds(SteadyNow() - start);
}

void Report(Bench& bench, double steady, double fill, double drain,
            const MemoryWatch& memory) {
  const double growth = memory.service_growth() + memory.worker_growth();
  Figures& figures = bench.figures;
  figures.Set("catchup_steady_per_second", steady);
  figures.Set("catchup_fill_per_second", fill);
  figures.Set("catchup_drain_per_second", drain);
  figures.Set("catchup_ratio_to_steady", drain / steady);
  figures.Set("catchup_backlog_events",
              static_cast<double>(bench.scale.backlog));
  figures.Set("catchup_service_memory_growth_mib", memory.service_growth());
  figures.Set("catchup_worker_memory_growth_mib", memory.worker_growth());
  figures.Set("catchup_memory_growth_mib", growth);
  Table table({"catch-up", "events/s", "MiB before", "MiB more"});
  table.Add({"steady: producer and broker at work", Readable(steady), "", ""});
  table.Add({"filling: no broker", Readable(fill), "", ""});
  table.Add({"draining: no producer", Readable(drain), "", ""});
  table.Add({"service", "", Readable(memory.service_before()),
             Readable(memory.service_growth())});
  table.Add({"worker", "", Readable(memory.worker_before()),
             Readable(memory.worker_growth())});
  table.Print(absl::StrCat("Catch-up: ", bench.scale.backlog,
                           " events of one tenant, QoS 1; drain to steady ",
                           Readable(drain / steady)));
}

}  // namespace

absl::Status RunCatchUp(Bench& bench) {
  MQTTPUSH_ASSIGN_OR_RETURN(auto broker, StartBroker());
  MQTTPUSH_ASSIGN_OR_RETURN(auto installation,
                            Installation::Create({}, *broker));
  Load load(bench.samples, *installation);
  const int64_t backlog = bench.scale.backlog;
  MQTTPUSH_RETURN_IF_ERROR(
      SteadyRate(load, *installation, std::max<int64_t>(backlog / 20, 100))
          .status());
  MQTTPUSH_ASSIGN_OR_RETURN(
      const double steady,
      SteadyRate(load, *installation, std::max<int64_t>(backlog / 4, 100)));

  const std::vector<pid_t> workers = installation->workers();
  if (workers.size() != 1)
    return absl::InternalError("there is not one worker");
  MemoryWatch memory(installation->service().pid(), workers[0]);
  broker->Stop();
  const absl::Duration start = SteadyNow();
  MQTTPUSH_RETURN_IF_ERROR(
      load.Stream(backlog, kBatch, [] { return absl::OkStatus(); }));
  const double fill =
      static_cast<double>(backlog) / absl::ToDoubleSeconds(SteadyNow() - start);
  MQTTPUSH_ASSIGN_OR_RETURN(const double drain,
                            DrainRate(*installation, *broker, backlog));
  memory.Stop();
  if (installation->workers() != workers) {
    return absl::InternalError("the worker was restarted");
  }
  Report(bench, steady, fill, drain, memory);
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
