#include "workers/dispatch/message_renderer.h"

#include <utility>

#include "common/topic_template.h"
#include "storage/topic_map.h"
#include "workers/dispatch/event_id_injection.h"

namespace mqttpush {
RenderedMessage RenderMessage(EventRecord& event, const TenantRecord& tenant,
                              const SubscriptionRecord& subscription,
                              absl::string_view default_event_id_field) {
  const std::string& topic_template =
      TopicTemplateOf(subscription, event.object_type);
  RenderedMessage message;
  message.qos = QosOf(subscription, event.object_type);
  auto topic = RenderTopic(topic_template,
                           {.tenant = tenant.id,
                            .object_type = ObjectTypeName(event.object_type),
                            .asset_id = event.asset_id,
                            .owner_id = event.owner_id});
  message.topic_status = topic.status();
  message.topic = topic.ok() ? *std::move(topic) : topic_template;
  const absl::string_view field = subscription.event_id_field.has_value()
                                      ? *subscription.event_id_field
                                      : default_event_id_field;
  message.payload = field.empty()
                        ? std::move(event.payload)
                        : InjectEventId(event.payload, field, event.event_id);
  return message;
}

}  // namespace mqttpush
