// ProbeHandler: AdminService.ProbeBroker.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_HANDLER_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_HANDLER_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "common/broker_probe.h"
#include "common/clock.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/probe_plan.h"
#include "storage/config_store.h"
#include "storage/records.h"

namespace mqttpush {

// By whom a broker is probed; server/ joins the two. Thread-safe; neither call
// blocks.
struct BrokerProber {
  // Calls `done`, from any thread, exactly once. Returns a number for `cancel`.
  std::function<int64_t(const BrokerRecord& broker, const ProbeOrder& order,
                        std::function<void(ProbeReport)> done)>
      start;
  // `done` is called soon. No effect when it has been.
  std::function<void(int64_t id)> cancel;
};

// Thread-safe. Must outlive the calls.
class ProbeHandler {
 public:
  // `config` and `clock` must outlive it.
  ProbeHandler(const ConfigStore* config, const Clock* clock,
               BrokerProber prober)
      : config_(config), clock_(clock), prober_(std::move(prober)) {}

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context,
                                  const v1::ProbeBrokerRequest& request,
                                  v1::ProbeBrokerResponse* response);

 private:
  class Call;

  // What to do. Counts the call, unless it fails.
  absl::StatusOr<ProbePlan> Admit(const v1::ProbeBrokerRequest& request);

  const ConfigStore* const config_;
  const Clock* const clock_;
  const BrokerProber prober_;
  std::atomic<int> under_way_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_HANDLER_H_
