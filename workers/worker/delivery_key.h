// DeliveryKey: a delivery, as the key of a map.
#ifndef MQTTPUSH_WORKERS_WORKER_DELIVERY_KEY_H_
#define MQTTPUSH_WORKERS_WORKER_DELIVERY_KEY_H_

#include <compare>
#include <cstdint>

#include "workers/worker/wire.h"

namespace mqttpush {

struct DeliveryKey {
  int64_t subscription_uid = 0;
  int64_t event_seq = 0;

  static DeliveryKey Of(const wire::DeliveryId& id) {
    return {id.subscription_uid(), id.event_seq()};
  }
  auto operator<=>(const DeliveryKey&) const = default;
};

inline wire::DeliveryId ToProto(DeliveryKey delivery) {
  wire::DeliveryId id;
  id.set_subscription_uid(delivery.subscription_uid);
  id.set_event_seq(delivery.event_seq);
  return id;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_DELIVERY_KEY_H_
