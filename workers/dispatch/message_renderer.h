// From an event and a subscription to the MQTT message: topic, QoS, payload.
#ifndef MQTTPUSH_WORKERS_DISPATCH_MESSAGE_RENDERER_H_
#define MQTTPUSH_WORKERS_DISPATCH_MESSAGE_RENDERER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/records.h"

namespace mqttpush {

struct RenderedMessage {
  std::string topic;
  Qos qos = Qos::kAtMostOnce;
  std::string payload;
  // Not OK: the topic cannot be sent, and `topic` is the template.
  absl::Status topic_status;
};

// `default_event_id_field`: the deployment's MQTT_SET_EVENT_ID, empty for none.
// Moves the payload out of `event`.
RenderedMessage RenderMessage(EventRecord& event, const TenantRecord& tenant,
                              const SubscriptionRecord& subscription,
                              absl::string_view default_event_id_field);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_MESSAGE_RENDERER_H_
