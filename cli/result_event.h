// The result of an attempt as one self-describing JSON object, and the envelope
// that Flowcore puts around such objects. The same as at the service's Flowcore
// routes, so that programs can read either.
#ifndef MQTTPUSH_CLI_RESULT_EVENT_H_
#define MQTTPUSH_CLI_RESULT_EVENT_H_

#include <string>

#include "mqttpush/v1/history_service.pb.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush::cli {

// Where an attempt went, as it was set up when it was asked for. Each is empty
// when it was deleted by then; then the fields that it gives are null.
struct ResultContext {
  v1::Subscription subscription;
  v1::Broker broker;
};

// In one line, with these fields in this order: attemptId, timestamp, eventId,
// flowType, eventType, objectType, objectId, assetId, ownerId, destination,
// endpointUrl, topic, qos, retain, packetId, attempt, maxAttempts, status
// ("success", "failure"), success, final, reasonCode, errorMessage, durationMs,
// payloadBytes, nextRetryAt.
std::string ResultJson(const v1::Attempt& attempt,
                       const ResultContext& context);

// Flowcore's envelope with that as its payload: eventId, timeBucket, tenant,
// dataCoreId, flowType ("mqtt-push-results.0"), eventType, metadata, payload,
// validTime.
std::string ResultEnvelope(const v1::Attempt& attempt,
                           const ResultContext& context);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_EVENT_H_
