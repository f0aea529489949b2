// WriteResultEvent: an attempt as the event by which Flowcore's clients read
// it.
//
// One event for each attempt, in Flowcore's envelope. The payload says all that
// there is to say of it, because clients may print it alone:
//
//   {"attemptId":"tenants/acme/deliveries/7-1/attempts/2",
//    "timestamp":"2026-11-22T09:18:02.431Z",
//    "eventId":"b727c001-e64a-11f1-957c-29d9342adb6e",
//    "flowType":"location.0","eventType":"created.0",
//    "objectType":"Location","objectId":12345,"assetId":"…","ownerId":"…",
//    "destination":"main","endpointUrl":"mqtts://broker.acme.example:8883",
//    "topic":"globe-tracker/events/location","qos":1,"retain":false,
//    "packetId":812,"attempt":2,"maxAttempts":null,
//    "status":"success","success":true,"final":true,
//    "reasonCode":0,"errorMessage":null,"durationMs":41,"payloadBytes":231,
//    "nextRetryAt":null}
//
// What is not known is null. `final`: nothing follows from this attempt any
// more. `nextRetryAt`: as planned when it ended; null also where it is sent
// again as soon as the link is back. docs/flowcore.md tells customers.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_EVENT_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_EVENT_H_

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "services/flowcore/flow_types.h"
#include "services/flowcore/result_stream.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

// What an attempt does not say of itself.
struct ResultContext {
  const ResultStream& stream;
  const FlowTypes& flow_types;
  // For what no attempt records: the broker, and `retain`, as they are now.
  const ConfigSnapshot& config;
};

void WriteResultEvent(const AttemptRow& row, const ResultContext& context,
                      JsonWriter& writer);

// Its payload alone.
void WriteResultPayload(const AttemptRow& row, const ResultContext& context,
                        JsonWriter& writer);

// The hour since the Unix epoch as Flowcore writes it: "20261122090000".
std::string TimeBucket(int64_t hour);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_EVENT_H_
