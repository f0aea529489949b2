// What a broker is known not to take, before it is sent.
#ifndef MQTTPUSH_WORKERS_WORKER_MESSAGE_LIMITS_H_
#define MQTTPUSH_WORKERS_WORKER_MESSAGE_LIMITS_H_

#include <string>

#include "workers/worker/mqtt_client.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// Why a message is not sent: the reason code with which a broker would refuse
// it, and words.
struct Refusal {
  int reason_code = 0;  // 0: the broker may take it
  std::string reason;
};

// Pure.
Refusal CheckLimits(const BrokerLimits& limits, const wire::Publish& message);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MESSAGE_LIMITS_H_
