#include "services/flowcore/result_converter.h"

#include <string>

#include "absl/strings/string_view.h"
#include "services/api/resource_names.h"

namespace mqttpush {
namespace {

// As in openapi.json.
absl::string_view SchemaName(ObjectType type) {
  switch (type) {
    case ObjectType::kAsset:
      return "Asset";
    case ObjectType::kLocation:
      return "Location";
    case ObjectType::kSensorData:
      return "SensorData";
    case ObjectType::kReeferData:
      return "ReeferData";
    case ObjectType::kGensetData:
      return "GensetData";
    case ObjectType::kGtoemData:
      return "GtoemData";
  }
  return "";
}

// Without an event id the event is not in the log any more.
void SetObject(const AttemptRow& row, const FlowTypes& flow_types,
               DeliveryResult& result) {
  result.event_id = row.event_id;
  result.object_id = row.object_id;
  result.asset_id = row.asset_id;
  result.owner_id = row.owner_id;
  result.payload_bytes = row.payload_bytes;
  if (row.event_id.empty()) return;
  result.flow_type = std::string(flow_types.NameOf(row.object_type));
  result.object_type = std::string(SchemaName(row.object_type));
}

void SetDestination(int64_t subscription_uid, const ConfigSnapshot& config,
                    DeliveryResult& result) {
  const SubscriptionRecord* subscription =
      config.FindSubscription(subscription_uid);
  if (subscription == nullptr) return;
  result.retain = subscription->retain;
  const BrokerRecord* broker = config.FindBroker(subscription->broker_uid);
  if (broker == nullptr) return;
  result.broker_id = broker->id;
  result.broker_url =
      BrokerUrl(broker->tls_enabled, broker->host, broker->port);
}

}  // namespace

DeliveryResult ToResult(const AttemptRow& row, const ResultContext& context) {
  const AttemptRecord& attempt = row.attempt;
  DeliveryResult result = {
      .attempt_name = AttemptName(context.stream.tenant, attempt.event_seq,
                                  attempt.subscription_uid, attempt.number),
      .start_time = attempt.start_time,
      .record_ticks = attempt.recording.ticks,
      .topic = attempt.topic,
      .qos = static_cast<int>(attempt.qos),
      .packet_id = attempt.packet_id,
      .number = attempt.number,
      .succeeded = attempt.succeeded,
      .ended_delivery = attempt.recording.ended_delivery,
      .reason_code = attempt.reason_code,
      .error_message = attempt.error_message,
      .duration = attempt.duration,
      .next_attempt_time = attempt.recording.next_attempt_time};
  SetObject(row, context.flow_types, result);
  SetDestination(attempt.subscription_uid, context.config, result);
  return result;
}

}  // namespace mqttpush
