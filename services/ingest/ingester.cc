#include "services/ingest/ingester.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "services/api/errors.h"
#include "services/ingest/batch_preparer.h"
#include "services/ingest/object_validator.h"
#include "services/ingest/quota_check.h"

namespace mqttpush {

void Ingester::Ingest(const v1::PublishEventsRequest& request, Done done,
                      Admit how) {
  const std::shared_ptr<const RoutingTable> routes = router_.Table();
  BatchPreparer preparer(schemas_, routes.get(), clock_);
  absl::StatusOr<PreparedBatch> batch = preparer.Prepare(request);
  if (!batch.ok()) return done(batch.status());
  Entered entered = CheckQuotas(*routes, how, clock_->Now(), *gate_, *batch);
  if (!batch->refused.empty()) refused_->Remember(std::move(batch->refused));
  if (batch->events.empty()) return done(std::move(batch->response));
  log_->Append(
      std::move(batch->events),
      [response = std::move(batch->response),
       indexes = std::move(batch->result_indexes),
       tenant_uids = std::move(batch->tenant_uids), refused = refused_,
       clock = clock_, gate = gate_, entered = std::move(entered),
       done = std::move(done)](
          absl::StatusOr<std::vector<AppendOutcome>> outcomes) mutable {
        for (const auto& [tenant_uid, load] : entered) {
          gate->Leave(tenant_uid, load);
        }
        if (!outcomes.ok()) {
          return done(errors::LogUnavailable(outcomes.status()));
        }
        response = CompleteBatch(std::move(response), indexes, *outcomes);
        if (absl::c_linear_search(*outcomes, AppendOutcome::kDuplicate)) {
          refused->Remember(
              DuplicatesOf(response, indexes, tenant_uids, clock->Now()));
        }
        done(std::move(response));
      });
}

void Ingester::RememberRejected(const v1::EventResult& result,
                                std::optional<ObjectType> type,
                                absl::string_view payload) {
  // The ids that all types have are called the same in all of them.
  ObjectIds ids = ObjectValidator(schemas_)
                      .Validate(type.value_or(ObjectType::kLocation), payload)
                      .ids;
  const int64_t tenant_uid = router_.Table()->FindTenant(ids.owner_id);
  refused_->Remember(
      {{.refusal = Refusal::kRejected,
        .time = clock_->Now(),
        .tenant_uid = tenant_uid,
        .event_id = result.event_id(),
        .object_type = type.has_value() ? static_cast<v1::ObjectType>(*type)
                                        : v1::OBJECT_TYPE_UNSPECIFIED,
        .object_id = std::move(ids.object_id),
        .asset_id = std::move(ids.asset_id),
        .owner_id = std::move(ids.owner_id),
        .violations = {result.violations().begin(),
                       result.violations().end()}}});
}

}  // namespace mqttpush
