// BatchPreparer: turns a request into what the log is to store and the answer.
#ifndef MQTTPUSH_SERVICES_INGEST_BATCH_PREPARER_H_
#define MQTTPUSH_SERVICES_INGEST_BATCH_PREPARER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "mqttpush/v1/ingest_service.pb.h"
#include "services/api/refused_events.h"
#include "services/ingest/object_schema.h"
#include "services/ingest/object_validator.h"
#include "services/ingest/routing_table.h"
#include "storage/event_log.h"

namespace mqttpush {

// A batch whose events are validated and routed.
struct PreparedBatch {
  // What is to be stored, in order, and the result that each belongs to.
  std::vector<NewEvent> events;
  std::vector<int> result_indexes;
  std::vector<int64_t> tenant_uids;  // of `events`
  // REJECTED, NO_SUBSCRIPTION or OVER_QUOTA, for who asks.
  std::vector<RefusedEvent> refused;
  // One result per event of the request; those of `events` lack the outcome.
  v1::PublishEventsResponse response;
};

// Fills in what the log said about `events`: the batch's answer. `outcomes` has
// as many entries as `result_indexes`.
v1::PublishEventsResponse CompleteBatch(
    v1::PublishEventsResponse response, const std::vector<int>& result_indexes,
    const std::vector<AppendOutcome>& outcomes);

// Those of the batch that the log had before.
std::vector<RefusedEvent> DuplicatesOf(
    const v1::PublishEventsResponse& response,
    const std::vector<int>& result_indexes,
    const std::vector<int64_t>& tenant_uids, absl::Time now);

// Thread-compatible; made for one batch.
class BatchPreparer {
 public:
  // All must outlive it.
  BatchPreparer(const ObjectSchemas* schemas, const RoutingTable* routes,
                const Clock* clock)
      : validator_(schemas), routes_(routes), clock_(clock) {}

  // Decides REJECTED and NO_SUBSCRIPTION, and makes missing event ids.
  // INVALID_ARGUMENT when the batch itself breaks a limit.
  absl::StatusOr<PreparedBatch> Prepare(
      const v1::PublishEventsRequest& request);

 private:
  void PrepareEvent(const v1::Event& event, PreparedBatch& batch);
  // Notes that `event` goes nowhere.
  void Refuse(Refusal refusal, const v1::Event& event, int64_t tenant_uid,
              ObjectIds ids, PreparedBatch& batch);
  // Adds the rules that `event` breaks to `result`. Returns the ids of its
  // object, as far as they can be read.
  ObjectIds Validate(const v1::Event& event, v1::EventResult& result);

  ObjectValidator validator_;
  const RoutingTable* const routes_;
  const Clock* const clock_;
  size_t violation_bytes_ = 0;  // of the batch so far
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_BATCH_PREPARER_H_
