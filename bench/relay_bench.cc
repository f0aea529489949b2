// Relay: from ingest to the durable attempt, beside the ceiling.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/ceiling.h"
#include "bench/cpu_usage.h"
#include "bench/installation.h"
#include "bench/latency.h"
#include "bench/load.h"
#include "bench/sections.h"
#include "common/status_macros.h"
#include "common/steady_time.h"

namespace mqttpush::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);
// Of the first runs, which warm up and tell how long the others must be.
constexpr double kFirstGuess = 2000;  // events per second
constexpr double kLoads[] = {0.1, 0.5, 0.9};

// One number of tenants and one QoS.
struct Case {
  int tenants;
  std::string tenants_key;  // what the keys call it
  int qos;

  std::string Key(const std::string& name) const {
    return absl::StrCat("relay_qos", qos, "_", tenants_key, "_", name);
  }
};

struct RelayRun {
  double per_second = 0;
  absl::Duration elapsed;
  std::map<std::string, absl::Duration> cpu;  // by group
  int64_t events = 0;
};

class RelayCase {
 public:
  RelayCase(const Case& what, Bench& bench) : case_(what), bench_(bench) {}

  absl::Status Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(broker_, StartBroker());
    MQTTPUSH_ASSIGN_OR_RETURN(
        installation_,
        Installation::Create({.tenants = case_.tenants,
                              .qos = static_cast<v1::Qos>(case_.qos + 1)},
                             *broker_));
    load_ = std::make_unique<Load>(bench_.samples, *installation_);
    MQTTPUSH_RETURN_IF_ERROR(WarmUp());
    for (int round = 0; round < bench_.scale.rounds; ++round) {
      MQTTPUSH_RETURN_IF_ERROR(Round());
    }
    SetRates();
    for (size_t i = 0; i < std::size(kLoads); ++i) {
      MQTTPUSH_RETURN_IF_ERROR(MeasureLatency(kLoads[i]));
    }
    return absl::OkStatus();
  }

  std::vector<std::string> rates_row() const { return rates_row_; }
  std::vector<std::string> latency_row() const { return latency_row_; }

 private:
  // Twice: the first guess may be far off.
  absl::Status WarmUp() {
    relay_rate_ = ceiling_rate_ = kFirstGuess;
    for (const double part : {0.3, 0.5}) {
      MQTTPUSH_ASSIGN_OR_RETURN(const CeilingResult ceiling, Ceiling(part));
      MQTTPUSH_ASSIGN_OR_RETURN(const RelayRun relay, Relay(part));
      ceiling_rate_ = ceiling.per_second;
      relay_rate_ = relay.per_second;
    }
    return absl::OkStatus();
  }

  // The one after the other, so that both meet the same neighbours.
  absl::Status Round() {
    MQTTPUSH_ASSIGN_OR_RETURN(const CeilingResult ceiling, Ceiling(1));
    MQTTPUSH_ASSIGN_OR_RETURN(const RelayRun relay, Relay(1));
    ceilings_.push_back(ceiling);
    relays_.push_back(relay);
    return absl::OkStatus();
  }

  // As many messages as take `part` of a run's time.
  int64_t CountOf(double rate, double part) const {
    const double count = rate * part * absl::ToDoubleSeconds(bench_.scale.run);
    return std::max<int64_t>(static_cast<int64_t>(count), 2 * case_.tenants);
  }

  absl::StatusOr<CeilingResult> Ceiling(double part) {
    return RunCeiling({.processes = case_.tenants,
                       .qos = case_.qos,
                       .messages = CountOf(ceiling_rate_, part)},
                      bench_.samples, *broker_);
  }

  absl::StatusOr<RelayRun> Relay(double part) {
    RelayRun run;
    run.events = CountOf(relay_rate_, part);
    const CpuMeter meter({{"service", {installation_->service().pid()}},
                          {"workers", installation_->workers()},
                          {"broker", {broker_->pid()}},
                          {"producer", {getpid()}}});
    const absl::Duration start = SteadyNow();
    MQTTPUSH_RETURN_IF_ERROR(load_->StreamAsDelivered(run.events));
    MQTTPUSH_RETURN_IF_ERROR(installation_->WaitUntilDelivered(kPatience));
    run.elapsed = SteadyNow() - start;
    run.cpu = meter.Spent();
    run.per_second =
        static_cast<double>(run.events) / absl::ToDoubleSeconds(run.elapsed);
    return run;
  }

  void SetRates() {
    std::vector<double> relay_rates, ceiling_rates, ratios;
    for (size_t i = 0; i < relays_.size(); ++i) {
      relay_rates.push_back(relays_[i].per_second);
      ceiling_rates.push_back(ceilings_[i].per_second);
      ratios.push_back(relays_[i].per_second / ceilings_[i].per_second);
    }
    relay_rate_ = Median(relay_rates);
    ceiling_rate_ = Median(ceiling_rates);
    Set("events_per_second", relay_rate_);
    Set("ceiling_per_second", ceiling_rate_);
    Set("ratio_to_ceiling", Median(ratios));
    Set("ratio_lowest", *std::min_element(ratios.begin(), ratios.end()));
    Set("ratio_highest", *std::max_element(ratios.begin(), ratios.end()));
    SetCpu();
  }

  // Per event, over all rounds.
  void SetCpu() {
    double events = 0, messages = 0;
    absl::Duration elapsed, ceiling_cpu, ceiling_broker, ceiling_elapsed;
    std::map<std::string, absl::Duration> cpu;
    for (const RelayRun& run : relays_) {
      events += static_cast<double>(run.events);
      elapsed += run.elapsed;
      for (const auto& [group, spent] : run.cpu) cpu[group] += spent;
    }
    for (const CeilingResult& run : ceilings_) {
      messages += run.per_second * absl::ToDoubleSeconds(run.elapsed);
      ceiling_elapsed += run.elapsed;
      ceiling_cpu += run.processes_cpu;
      ceiling_broker += run.broker_cpu;
    }
    const absl::Duration ceiling_all = ceiling_cpu + ceiling_broker;
    absl::Duration relay_all;
    for (const auto& [group, spent] : cpu) relay_all += spent;
    // What two saturated runs would have as their ratio of rates.
    Set("cpu_ratio_to_ceiling",
        absl::FDivDuration(ceiling_all / messages, relay_all / events));
    for (const char* group : {"service", "workers", "broker", "producer"}) {
      Set(absl::StrCat(group, "_cpu_us_per_event"),
          absl::ToDoubleMicroseconds(cpu[group]) / events);
    }
    Set("ceiling_cpu_us_per_event",
        absl::ToDoubleMicroseconds(ceiling_cpu) / messages);
    Set("ceiling_broker_cpu_us_per_event",
        absl::ToDoubleMicroseconds(ceiling_broker) / messages);
    // mosquitto has one thread: near 1 it is the bound.
    Set("broker_busy", absl::FDivDuration(cpu["broker"], elapsed));
    Set("ceiling_broker_busy",
        absl::FDivDuration(ceiling_broker, ceiling_elapsed));
  }

  absl::Status MeasureLatency(double load) {
    const absl::Time since = absl::Now();
    MQTTPUSH_RETURN_IF_ERROR(
        load_->StreamAtRate(load * relay_rate_, bench_.scale.run));
    MQTTPUSH_RETURN_IF_ERROR(installation_->WaitUntilDelivered(kPatience));
    MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<double> latencies,
                              ReadLatencies(*installation_, since));
    for (const int percent : {50, 99}) {
      const double value = Percentile(latencies, percent / 100.0);
      bench_.figures.Set(case_.Key(absl::StrCat(
                             "latency_p", percent, "_ms_at_",
                             static_cast<int>(100 * load + 0.5), "_percent")),
                         value);
      latency_row_.push_back(Readable(value));
    }
    return absl::OkStatus();
  }

  void Set(const std::string& name, double value) {
    bench_.figures.Set(case_.Key(name), value);
    if (name != "ratio_lowest" && name != "ratio_highest") {
      rates_row_.push_back(Readable(value));
    }
  }

  const Case case_;
  Bench& bench_;
  std::unique_ptr<MosquittoBroker> broker_;  // outlives the installation
  std::unique_ptr<Installation> installation_;
  std::unique_ptr<Load> load_;
  double relay_rate_ = 0;
  double ceiling_rate_ = 0;
  std::vector<RelayRun> relays_;
  std::vector<CeilingResult> ceilings_;
  std::vector<std::string> rates_row_;
  std::vector<std::string> latency_row_;
};

// `first` and then the rest of the row.
std::vector<std::string> Row(const std::string& first,
                             std::vector<std::string> rest) {
  rest.insert(rest.begin(), first);
  return rest;
}

}  // namespace

absl::Status RunRelay(Bench& bench) {
  Table rates({"relay", "events/s", "ceiling/s", "ratio", "of CPU",
               "µs service", "workers", "broker", "producer", "µs ceiling",
               "its broker", "broker busy", "in ceiling"});
  Table latencies({"latency, ms", "p50 at 10 %", "p99", "p50 at 50 %", "p99",
                   "p50 at 90 %", "p99"});
  const int many = bench.scale.many_tenants;
  for (const auto& [tenants, key] :
       std::map<int, std::string>{{1, "1_tenant"}, {many, "100_tenants"}}) {
    for (int qos = 0; qos <= 2; ++qos) {
      if (!bench.relay_case.empty() &&
          bench.relay_case != absl::StrCat("qos", qos, "_", key)) {
        continue;
      }
      const std::string name = absl::StrCat(
          "QoS ", qos, ", ", tenants, tenants == 1 ? " tenant" : " tenants");
      std::fprintf(stderr, "relay: %s\n", name.c_str());
      RelayCase one({tenants, key, qos}, bench);
      MQTTPUSH_RETURN_IF_ERROR(one.Run());
      rates.Add(Row(name, one.rates_row()));
      latencies.Add(Row(name, one.latency_row()));
    }
  }
  if (rates.empty()) {
    return absl::InvalidArgumentError("relay has no such case");
  }
  rates.Print("Relay and ceiling; CPU in µs per event");
  latencies.Print(
      "Relay: from the producer to the broker's acknowledgement, "
      "at parts of that rate");
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
