// Ingester: what happens to a batch of events, whichever door it came in by.
#ifndef MQTTPUSH_SERVICES_INGEST_INGESTER_H_
#define MQTTPUSH_SERVICES_INGEST_INGESTER_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "mqttpush/v1/ingest_service.pb.h"
#include "services/api/refused_events.h"
#include "services/ingest/object_schema.h"
#include "services/ingest/quota_gate.h"
#include "services/ingest/router.h"
#include "storage/config_store.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/tenant_quota.h"

namespace mqttpush {

// Validates, routes, holds to quotas and stores, and remembers what it refuses.
// Thread-safe. The log may call back when it has gone.
class Ingester {
 public:
  // All must outlive it.
  Ingester(const ConfigStore* config, EventLog* log,
           const ObjectSchemas* schemas, RefusedEvents* refused,
           const Clock* clock, const QuotaRules& rules = {},
           QuotaGate::Now steady_now = SteadyNow)
      : router_(config, rules),
        log_(log),
        schemas_(schemas),
        refused_(refused),
        clock_(clock),
        gate_(std::make_shared<QuotaGate>(log, std::move(steady_now))) {}

  // One result per event, in order. INVALID_ARGUMENT when the batch breaks a
  // limit; UNAVAILABLE when it cannot be stored (errors::LogUnavailable).
  using Answer = absl::StatusOr<v1::PublishEventsResponse>;
  using Done = std::function<void(Answer)>;

  // Copies what it needs of `request` before it returns. Calls `done` once the
  // events are durable, on the log's thread, or at once when there is nothing
  // to store. `how` says what a quota does to the events of a tenant.
  void Ingest(const v1::PublishEventsRequest& request, Done done,
              Admit how = Admit::kEach);

  // Remembers an event that a door did not even hand in, because of what
  // `result` says. `type` may not be known; of `payload` the ids are read, as
  // far as they can be.
  void RememberRejected(const v1::EventResult& result,
                        std::optional<ObjectType> type,
                        absl::string_view payload);

 private:
  Router router_;
  EventLog* const log_;
  const ObjectSchemas* const schemas_;
  RefusedEvents* const refused_;
  const Clock* const clock_;
  const std::shared_ptr<QuotaGate> gate_;  // callbacks of the log keep it
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_INGESTER_H_
