#include "services/admin/probe_handler.h"

#include <utility>

#include "common/limits.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "services/admin/probe_steps.h"
#include "services/api/errors.h"
#include "services/api/status.h"

namespace mqttpush {

// One probe. Deletes itself when gRPC is done with the call; until then its
// probe has ended, because that finishes the call.
class ProbeHandler::Call : public grpc::ServerUnaryReactor {
 public:
  Call(ProbeHandler* handler, const std::string& name, ProbePlan plan,
       v1::ProbeBrokerResponse* response)
      : handler_(handler), plan_(std::move(plan)), response_(response) {
    // The only trace of where a probe went.
    Log::Info("probe_started",
              {{"broker", name},
               {"host", plan_.broker.host},
               {"port", plan_.broker.port},
               {"tls", plan_.broker.tls_enabled ? "true" : "false"}});
    id_ = handler_->prober_.start(
        plan_.broker, plan_.order,
        [this](const ProbeReport& report) { End(report); });
  }

  // The caller went away, or its deadline has passed. gRPC calls this once the
  // constructor has returned.
  void OnCancel() override { handler_->prober_.cancel(id_); }
  void OnDone() override {
    --handler_->under_way_;
    delete this;
  }

 private:
  void End(const ProbeReport& report) {
    if (report.stopping) return Finish(ToGrpcStatus(errors::ShuttingDown()));
    *response_ = MakeProbeResponse(plan_, report, handler_->clock_->Now());
    Finish(grpc::Status::OK);
  }

  ProbeHandler* const handler_;
  const ProbePlan plan_;
  v1::ProbeBrokerResponse* const response_;
  int64_t id_ = 0;
};

grpc::ServerUnaryReactor* ProbeHandler::Start(
    grpc::CallbackServerContext* context, const v1::ProbeBrokerRequest& request,
    v1::ProbeBrokerResponse* response) {
  absl::StatusOr<ProbePlan> plan = Admit(request);
  if (plan.ok()) {
    return new Call(this, request.name(), *std::move(plan), response);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(plan.status()));
  return reactor;
}

absl::StatusOr<ProbePlan> ProbeHandler::Admit(
    const v1::ProbeBrokerRequest& request) {
  MQTTPUSH_ASSIGN_OR_RETURN(ProbePlan plan,
                            PlanProbe(*config_->Snapshot(), request));
  if (++under_way_ > limits::kMaxProbes) {
    --under_way_;
    return errors::TooManyProbes(limits::kMaxProbes);
  }
  return plan;
}

}  // namespace mqttpush
