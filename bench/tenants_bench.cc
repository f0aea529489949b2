// Many tenants: what one costs that has nothing, or little, to do.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/cpu_usage.h"
#include "bench/installation.h"
#include "bench/load.h"
#include "bench/pacing.h"
#include "bench/sections.h"
#include "common/status_macros.h"

namespace mqttpush::bench {
namespace {

// Memory that processes give back, and timers of the start, have this long.
constexpr absl::Duration kSettle = absl::Seconds(1);

class TenantsCase {
 public:
  // `key`: "100_tenants". `without`: what the service takes without tenants, in
  // MiB.
  TenantsCase(Bench& bench, int tenants, std::string key, double without)
      : bench_(bench),
        tenants_(tenants),
        key_(std::move(key)),
        without_(without) {}

  absl::Status Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(broker_, StartBroker());
    MQTTPUSH_ASSIGN_OR_RETURN(
        installation_, Installation::Create({.tenants = tenants_}, *broker_));
    MQTTPUSH_RETURN_IF_ERROR(MeasureStart());
    LetPass(std::min(kSettle, bench_.scale.idle));
    MeasureIdle();
    return MeasureAtWork();
  }

  std::vector<std::string> row() const { return row_; }

 private:
  // From the start of a service that knows its tenants to all links up.
  absl::Status MeasureStart() {
    MQTTPUSH_RETURN_IF_ERROR(installation_->service().Stop());
    const absl::Duration start = SteadyNow();
    MQTTPUSH_RETURN_IF_ERROR(installation_->service().Restart());
    MQTTPUSH_RETURN_IF_ERROR(
        installation_->WaitUntilConnected(absl::Minutes(10)));
    Set("all_connected_seconds", absl::ToDoubleSeconds(SteadyNow() - start));
    return absl::OkStatus();
  }

  void MeasureIdle() {
    const Memory all = MemoryOf(installation_->all());
    const Memory workers = MemoryOf(installation_->workers());
    if (key_ == "100_tenants") {
      bench_.figures.Set("idle_tenant_pss_mib",
                         (all.mib - without_) / tenants_);
    }
    Set("pss_mib_per_tenant", (all.mib - without_) / tenants_);
    Set("worker_pss_mib", workers.mib / tenants_);
    Set("service_pss_mib", all.mib - workers.mib);
    Set("threads_per_tenant",
        static_cast<double>(ThreadsOf(installation_->workers())) / tenants_);
    if (!all.exact)
      bench_.figures.SetText("memory", "RSS: PSS is not readable");
    const CpuMeter meter({{"all", installation_->all()}});
    const absl::Duration start = SteadyNow();
    LetPass(bench_.scale.idle);
    Set("idle_cpu_percent_per_tenant", CpuPercent(meter, start));
  }

  absl::Status MeasureAtWork() {
    Load load(bench_.samples, *installation_);
    const CpuMeter meter({{"all", installation_->all()}});
    const absl::Duration start = SteadyNow();
    MQTTPUSH_RETURN_IF_ERROR(load.StreamAtRate(tenants_, bench_.scale.idle));
    Set("busy_cpu_percent_per_tenant", CpuPercent(meter, start));
    MQTTPUSH_RETURN_IF_ERROR(
        installation_->WaitUntilDelivered(absl::Minutes(1)));
    const Memory all = MemoryOf(installation_->all());
    Set("busy_pss_mib_per_tenant", (all.mib - without_) / tenants_);
    return absl::OkStatus();
  }

  // Of one core.
  double CpuPercent(const CpuMeter& meter, absl::Duration start) const {
    return 100 * absl::FDivDuration(meter.Spent()["all"], SteadyNow() - start) /
           tenants_;
  }

  void Set(const std::string& name, double value) {
    bench_.figures.Set(absl::StrCat("tenants_", key_, "_", name), value);
    row_.push_back(Readable(value));
  }

  Bench& bench_;
  const int tenants_;
  const std::string key_;
  const double without_;
  std::unique_ptr<MosquittoBroker> broker_;  // outlives the installation
  std::unique_ptr<Installation> installation_;
  std::vector<std::string> row_;
};

absl::StatusOr<double> ServiceAlone() {
  MQTTPUSH_ASSIGN_OR_RETURN(const auto broker, StartBroker());
  MQTTPUSH_ASSIGN_OR_RETURN(const auto installation,
                            Installation::Create({.tenants = 0}, *broker));
  return MemoryOf(installation->all()).mib;
}

}  // namespace

absl::Status RunTenants(Bench& bench) {
  Table table({"tenants", "s to connect", "MiB each", "of it worker",
               "MiB service", "threads each", "idle CPU % each", "at 1 event/s",
               "MiB then"});
  MQTTPUSH_ASSIGN_OR_RETURN(const double without, ServiceAlone());
  bench.figures.Set("service_without_tenants_pss_mib", without);
  for (const int tenants : bench.scale.tenants) {
    const bool many = tenants == bench.scale.many_tenants;
    const std::string key =
        tenants == 1 ? "1_tenant"
                     : absl::StrCat(many ? 100 : tenants, "_tenants");
    TenantsCase one(bench, tenants, key, without);
    MQTTPUSH_RETURN_IF_ERROR(one.Run());
    std::vector<std::string> row = one.row();
    row.insert(row.begin(), absl::StrCat(tenants));
    table.Add(std::move(row));
  }
  table.Print(
      absl::StrCat("Many tenants, QoS 1, idle and at one event per "
                   "second each; the service alone has ",
                   Readable(without), " MiB"));
  return absl::OkStatus();
}

}  // namespace mqttpush::bench
