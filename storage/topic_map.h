// Which object types a subscription takes, and to which topic and at which QoS
// each of them goes.
#ifndef MQTTPUSH_STORAGE_TOPIC_MAP_H_
#define MQTTPUSH_STORAGE_TOPIC_MAP_H_

#include <string>
#include <vector>

#include "storage/records.h"

namespace mqttpush {

// All types where it names none.
std::vector<ObjectType> TypesTaken(const SubscriptionRecord& subscription);

// The template of the topic of objects of `type`.
const std::string& TopicTemplateOf(const SubscriptionRecord& subscription,
                                   ObjectType type);

// The QoS at which the subscription sends objects of `type`.
Qos QosOf(const SubscriptionRecord& subscription, ObjectType type);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_TOPIC_MAP_H_
