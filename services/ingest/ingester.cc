#include "services/ingest/ingester.h"

#include <memory>
#include <utility>
#include <vector>

#include "services/api/errors.h"
#include "services/ingest/batch_preparer.h"

namespace mqttpush {

void Ingester::Ingest(const v1::PublishEventsRequest& request, Done done) {
  const std::shared_ptr<const RoutingTable> routes = router_.Table();
  BatchPreparer preparer(schemas_, routes.get(), clock_);
  absl::StatusOr<PreparedBatch> batch = preparer.Prepare(request);
  if (!batch.ok()) return done(batch.status());
  if (batch->events.empty()) return done(std::move(batch->response));
  log_->Append(
      std::move(batch->events),
      [response = std::move(batch->response),
       indexes = std::move(batch->result_indexes), done = std::move(done)](
          absl::StatusOr<std::vector<AppendOutcome>> outcomes) mutable {
        if (!outcomes.ok()) {
          return done(errors::LogUnavailable(outcomes.status()));
        }
        done(CompleteBatch(std::move(response), indexes, *outcomes));
      });
}

}  // namespace mqttpush
