// DeliveryResult: an attempt as the event by which Flowcore's clients read it,
// the same at every door.
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
#ifndef MQTTPUSH_SERVICES_FLOWCORE_DELIVERY_RESULT_H_
#define MQTTPUSH_SERVICES_FLOWCORE_DELIVERY_RESULT_H_

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/flowcore/result_stream.h"

namespace mqttpush {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

// Texts that are empty, and numbers that are 0, are not known. Bytes that are
// no UTF-8 are replaced.
struct DeliveryResult {
  std::string attempt_name;
  absl::Time start_time;
  int64_t record_ticks = 0;  // common/ticks.h

  // Of the event; all empty when it is not in the log any more.
  std::string event_id;
  std::string flow_type;
  std::string object_type;  // as in openapi.json: "Location"
  std::string object_id;
  std::string asset_id;
  std::string owner_id;
  int64_t payload_bytes = 0;

  // Where it went, as that is set up now; not known once it was deleted.
  std::string broker_id;
  std::string broker_url;  // BrokerUrl
  std::optional<bool> retain;

  std::string topic;
  int qos = 0;
  int packet_id = 0;
  int number = 0;  // from 1
  bool succeeded = false;
  bool ended_delivery = false;
  int reason_code = 0;        // of a success, 0 is known
  std::string error_message;  // of a success, not shown
  absl::Duration duration;
  // InfinitePast: none.
  absl::Time next_attempt_time = absl::InfinitePast();
};

// "mqtts://broker.acme.example:8883", "mqtt://[::1]:1883".
std::string BrokerUrl(bool tls, const std::string& host, int port);

// The whole event, of a tenant's stream.
void WriteResultEvent(const DeliveryResult& result, const ResultStream& stream,
                      JsonWriter& writer);

// Its payload alone.
void WriteResultPayload(const DeliveryResult& result, JsonWriter& writer);

// The hour since the Unix epoch as Flowcore writes it: "20261122090000".
std::string TimeBucket(int64_t hour);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_DELIVERY_RESULT_H_
