// IngestService: the gRPC service of that name.
#ifndef MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_
#define MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_

#include "common/clock.h"
#include "mqttpush/v1/ingest_service.grpc.pb.h"
#include "services/api/refused_events.h"
#include "services/ingest/object_schema.h"
#include "services/ingest/router.h"
#include "services/ingest/stream_reactor.h"
#include "storage/config_store.h"
#include "storage/event_log.h"

namespace mqttpush {

// Validates and routes on gRPC's threads, answers on the log's writer thread
// once the events are durable. Thread-safe. Must outlive its calls; the log may
// call back later.
class IngestService final : public v1::IngestService::CallbackService {
 public:
  // All must outlive it.
  IngestService(const ConfigStore* config, EventLog* log,
                const ObjectSchemas* schemas, RefusedEvents* refused,
                const Clock* clock)
      : router_(config),
        log_(log),
        schemas_(schemas),
        refused_(refused),
        clock_(clock) {}

  grpc::ServerUnaryReactor* PublishEvents(
      grpc::CallbackServerContext* context,
      const v1::PublishEventsRequest* request,
      v1::PublishEventsResponse* response) override;

  grpc::ServerBidiReactor<v1::PublishEventsRequest, v1::PublishEventsResponse>*
  StreamEvents(grpc::CallbackServerContext* context) override;

 private:
  void Ingest(const v1::PublishEventsRequest& request,
              StreamReactor::AnswerDone done);

  Router router_;
  EventLog* const log_;
  const ObjectSchemas* const schemas_;
  RefusedEvents* const refused_;
  const Clock* const clock_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_
