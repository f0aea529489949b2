#include "storage/topic_map.h"

namespace mqttpush {
namespace {

const TopicOverride* FindOverride(const SubscriptionRecord& subscription,
                                  ObjectType type) {
  for (const TopicOverride& candidate : subscription.topic_overrides) {
    if (candidate.object_type == type) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::vector<ObjectType> TypesTaken(const SubscriptionRecord& subscription) {
  if (!subscription.object_types.empty()) return subscription.object_types;
  return {ObjectType::kAsset,      ObjectType::kLocation,
          ObjectType::kSensorData, ObjectType::kReeferData,
          ObjectType::kGensetData, ObjectType::kGtoemData};
}

const std::string& TopicTemplateOf(const SubscriptionRecord& subscription,
                                   ObjectType type) {
  const TopicOverride* override = FindOverride(subscription, type);
  return override != nullptr && !override->topic.empty() ? override->topic
                                                         : subscription.topic;
}

Qos QosOf(const SubscriptionRecord& subscription, ObjectType type) {
  const TopicOverride* override = FindOverride(subscription, type);
  return override != nullptr ? override->qos.value_or(subscription.qos)
                             : subscription.qos;
}

}  // namespace mqttpush
