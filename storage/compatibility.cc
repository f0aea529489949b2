#include "storage/compatibility.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/topic_map.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kLeastSessionExpiry = absl::Hours(1);

std::vector<Qos> UsedQos(const SubscriptionRecord& subscription) {
  std::vector<Qos> used;
  for (ObjectType type : TypesTaken(subscription)) {
    used.push_back(QosOf(subscription, type));
  }
  return used;
}

}  // namespace

std::string DescribeIncompatibility(const SubscriptionRecord& subscription,
                                    int maximum_qos, bool retain_available) {
  const std::vector<Qos> used = UsedQos(subscription);
  const int highest =
      static_cast<int>(*std::max_element(used.begin(), used.end()));
  if (highest > maximum_qos) {
    return absl::StrCat("QoS ", highest,
                        " is asked for, the broker takes at most QoS ",
                        maximum_qos,
                        ": lower the qos of the subscription or of its "
                        "overrides");
  }
  if (subscription.retain && !retain_available) {
    return "retain is asked for, the broker keeps no retained messages: switch "
           "off the subscription's retain";
  }
  return "";
}

Qos LowestQos(const SubscriptionRecord& subscription) {
  const std::vector<Qos> used = UsedQos(subscription);
  return *std::min_element(used.begin(), used.end());
}

bool NamesExactlyOnce(const SubscriptionRecord& subscription) {
  return subscription.qos == Qos::kExactlyOnce ||
         std::any_of(subscription.topic_overrides.begin(),
                     subscription.topic_overrides.end(),
                     [](const TopicOverride& override) {
                       return override.qos == Qos::kExactlyOnce;
                     });
}

absl::Duration AskedSessionExpiry(const BrokerRecord& broker) {
  return std::max(broker.session_expiry, kLeastSessionExpiry);
}

}  // namespace mqttpush
