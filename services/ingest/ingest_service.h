// IngestService: the gRPC service of that name.
#ifndef MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_
#define MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_

#include "mqttpush/v1/ingest_service.grpc.pb.h"
#include "services/ingest/ingester.h"

namespace mqttpush {

// Validates and routes on gRPC's threads, answers on the log's writer thread
// once the events are durable. Thread-safe. Must outlive its calls; the log may
// call back later.
class IngestService final : public v1::IngestService::CallbackService {
 public:
  // `ingester` must outlive it.
  explicit IngestService(Ingester* ingester) : ingester_(ingester) {}

  grpc::ServerUnaryReactor* PublishEvents(
      grpc::CallbackServerContext* context,
      const v1::PublishEventsRequest* request,
      v1::PublishEventsResponse* response) override;

  grpc::ServerBidiReactor<v1::PublishEventsRequest, v1::PublishEventsResponse>*
  StreamEvents(grpc::CallbackServerContext* context) override;

 private:
  Ingester* const ingester_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_INGEST_SERVICE_H_
