// TransformHandler: POST /transform, by which Flowcore hands its events in.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_HANDLER_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_HANDLER_H_

#include <optional>
#include <utility>
#include <vector>

#include "mqttpush/v1/ingest_service.pb.h"
#include "services/flowcore/envelope.h"
#include "services/flowcore/flow_types.h"
#include "services/flowcore/shared_secret.h"
#include "services/http/http_message.h"
#include "services/http/http_router.h"
#include "services/ingest/ingester.h"

namespace mqttpush {

// Thread-safe; copied with its route.
class TransformHandler {
 public:
  // `ingester` must outlive its calls.
  TransformHandler(Ingester* ingester, FlowTypes flow_types)
      : ingester_(ingester), flow_types_(std::move(flow_types)) {}

  // Responds when the events are on disk (transform_report.h); 503 or 429 with
  // Retry-After when they cannot be stored now.
  void operator()(const HttpRequest& request, HttpRespond respond) const;

 private:
  // The event of an envelope that can be ingested, or what is wrong with it,
  // which is remembered for who asks why it has not arrived.
  void Convert(const Envelope& envelope, v1::EventResult& result,
               v1::PublishEventsRequest& request) const;

  Ingester* const ingester_;
  const FlowTypes flow_types_;
};

// The route of POST /transform: with the check of X-Secret, if there is a
// secret, and of Content-Type.
HttpRoute TransformRoute(Ingester* ingester, FlowTypes flow_types,
                         std::optional<SharedSecret> secret);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TRANSFORM_HANDLER_H_
