#include "services/admin/subscription_converter.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/topic_template.h"
#include "services/admin/etag.h"
#include "services/admin/lookup.h"
#include "services/admin/values.h"
#include "services/api/resource_names.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxEventIdFieldCharacters = 128;
constexpr absl::Duration kMinEventLifetime = absl::Seconds(1);
constexpr absl::Duration kMaxEventLifetime = absl::Hours(31 * 24);

// Returns 0 where there is a violation.
int64_t BrokerFromProto(const std::string& name, const TenantRecord& tenant,
                        const ConfigSnapshot& snapshot,
                        Violations* violations) {
  const auto parsed = ParseBrokerName(name);
  if (!parsed) {
    violations->Add("subscription.broker",
                    name.empty() ? "is required" : std::string(kBrokerFormat));
    return 0;
  }
  if (tenant.id.empty()) return 0;  // `parent` has its own violation
  if (parsed->tenant != tenant.id) {
    violations->Add("subscription.broker",
                    "must be a broker of the same tenant");
    return 0;
  }
  if (tenant.uid == 0) return 0;  // there is no such tenant
  const BrokerRecord* broker = snapshot.FindBroker(tenant.uid, parsed->broker);
  if (broker == nullptr) {
    violations->Add("subscription.broker", "does not exist");
    return 0;
  }
  return broker->uid;
}

std::vector<ObjectType> ObjectTypesFromProto(const v1::Subscription& proto,
                                             Violations* violations) {
  std::vector<ObjectType> types;
  std::set<ObjectType> seen;
  for (int i = 0; i < proto.object_types_size(); ++i) {
    const std::string field =
        absl::StrCat("subscription.object_types[", i, "]");
    const std::optional<ObjectType> type = FromProto(proto.object_types(i));
    if (!type) {
      violations->Add(field, "must be one of the object types");
    } else if (!seen.insert(*type).second) {
      violations->Add(field, "is in the list twice");
    } else {
      types.push_back(*type);
    }
  }
  return types;
}

TopicOverride OverrideFromProto(const v1::Subscription::TopicOverride& proto,
                                const std::string& field,
                                Violations* violations) {
  TopicOverride result;
  result.topic = proto.topic();
  if (!proto.topic().empty()) {
    AddIfError(ValidateTopicTemplate(proto.topic()), field + ".topic",
               violations);
  }
  result.qos = FromProto(proto.qos());
  if (!result.qos && proto.qos() != v1::QOS_UNSPECIFIED) {
    violations->Add(field + ".qos", "must be one of the QoS");
  }
  if (proto.topic().empty() && proto.qos() == v1::QOS_UNSPECIFIED) {
    violations->Add(field, "must set `topic` or `qos`");
  }
  return result;
}

std::vector<TopicOverride> OverridesFromProto(const v1::Subscription& proto,
                                              Violations* violations) {
  std::vector<TopicOverride> overrides;
  std::set<ObjectType> seen;
  for (int i = 0; i < proto.topic_overrides_size(); ++i) {
    const auto& given = proto.topic_overrides(i);
    const std::string field =
        absl::StrCat("subscription.topic_overrides[", i, "]");
    TopicOverride topic_override = OverrideFromProto(given, field, violations);
    const std::optional<ObjectType> type = FromProto(given.object_type());
    if (!type) {
      violations->Add(field + ".object_type",
                      "must be one of the object types");
    } else if (!seen.insert(*type).second) {
      violations->Add(field + ".object_type", "has another override already");
    } else {
      topic_override.object_type = *type;
      overrides.push_back(std::move(topic_override));
    }
  }
  return overrides;
}

Qos QosFromProto(v1::Qos proto, Violations* violations) {
  if (proto == v1::QOS_UNSPECIFIED) return Qos::kAtLeastOnce;
  const std::optional<Qos> qos = FromProto(proto);
  if (!qos) violations->Add("subscription.qos", "must be one of the QoS");
  return qos.value_or(Qos::kAtLeastOnce);
}

std::optional<std::string> EventIdFieldFromProto(const v1::Subscription& proto,
                                                 Violations* violations) {
  if (!proto.has_event_id_field()) return std::nullopt;
  if (CharacterCount(proto.event_id_field()) > kMaxEventIdFieldCharacters) {
    violations->Add("subscription.event_id_field",
                    absl::StrCat("must be at most ", kMaxEventIdFieldCharacters,
                                 " characters"));
  }
  return proto.event_id_field();
}

std::optional<absl::Duration> LifetimeFromProto(const v1::Subscription& proto,
                                                Violations* violations) {
  if (!proto.has_event_lifetime()) return std::nullopt;
  return WholeSeconds(proto.event_lifetime(), kMinEventLifetime,
                      kMaxEventLifetime, "subscription.event_lifetime",
                      violations);
}

}  // namespace

v1::Subscription::State StateOf(const SubscriptionRecord& subscription,
                                const TenantRecord& tenant, bool incompatible) {
  if (subscription.disabled) return v1::Subscription::DISABLED;
  if (subscription.paused || tenant.paused) return v1::Subscription::PAUSED;
  return incompatible ? v1::Subscription::INCOMPATIBLE
                      : v1::Subscription::ACTIVE;
}

v1::Subscription SubscriptionToProto(const SubscriptionRecord& subscription,
                                     const ConfigSnapshot& snapshot,
                                     absl::string_view incompatibility) {
  v1::Subscription proto;
  proto.set_name(NameOf(snapshot, subscription));
  proto.set_broker(
      NameOf(snapshot, *snapshot.FindBroker(subscription.broker_uid)));
  for (ObjectType type : subscription.object_types) {
    proto.add_object_types(ToProto(type));
  }
  proto.set_topic(subscription.topic);
  for (const TopicOverride& topic_override : subscription.topic_overrides) {
    auto* added = proto.add_topic_overrides();
    added->set_object_type(ToProto(topic_override.object_type));
    added->set_topic(topic_override.topic);
    if (topic_override.qos) added->set_qos(ToProto(*topic_override.qos));
  }
  proto.set_qos(ToProto(subscription.qos));
  proto.set_retain(subscription.retain);
  if (subscription.event_id_field) {
    proto.set_event_id_field(*subscription.event_id_field);
  }
  proto.set_disabled(subscription.disabled);
  if (subscription.event_lifetime) {
    SetDuration(*subscription.event_lifetime, proto.mutable_event_lifetime());
  }
  proto.set_state(StateOf(subscription,
                          *snapshot.FindTenant(subscription.tenant_uid),
                          !incompatibility.empty()));
  if (proto.state() == v1::Subscription::INCOMPATIBLE) {
    proto.set_incompatibility(std::string(incompatibility));
  }
  proto.set_etag(Etag(subscription));
  proto.set_revision(subscription.revision);
  SetTimestamp(subscription.create_time, proto.mutable_create_time());
  SetTimestamp(subscription.update_time, proto.mutable_update_time());
  return proto;
}

SubscriptionRecord SubscriptionFromProto(const v1::Subscription& proto,
                                         SubscriptionRecord base,
                                         const TenantRecord& tenant,
                                         const ConfigSnapshot& snapshot,
                                         Violations* violations) {
  base.broker_uid =
      BrokerFromProto(proto.broker(), tenant, snapshot, violations);
  base.object_types = ObjectTypesFromProto(proto, violations);
  AddIfError(ValidateTopicTemplate(proto.topic()), "subscription.topic",
             violations);
  base.topic = proto.topic();
  base.topic_overrides = OverridesFromProto(proto, violations);
  base.qos = QosFromProto(proto.qos(), violations);
  base.retain = proto.retain();
  base.event_id_field = EventIdFieldFromProto(proto, violations);
  base.disabled = proto.disabled();
  base.event_lifetime = LifetimeFromProto(proto, violations);
  return base;
}

}  // namespace mqttpush
