#include "workers/dispatch/subscription_dispatch.h"

#include <utility>

namespace mqttpush {

void SubscriptionDispatch::Configure(
    std::shared_ptr<const ConfigSnapshot> snapshot,
    const SubscriptionRecord* subscription, const TenantRecord* tenant) {
  snapshot_ = std::move(snapshot);
  subscription_ = subscription;
  tenant_ = tenant;
}

}  // namespace mqttpush
