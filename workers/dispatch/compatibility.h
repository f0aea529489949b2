// Whether a broker offers what a subscription asks for.
#ifndef MQTTPUSH_WORKERS_DISPATCH_COMPATIBILITY_H_
#define MQTTPUSH_WORKERS_DISPATCH_COMPATIBILITY_H_

#include <string>

#include "mqttpush/worker/v1/worker_link.pb.h"
#include "storage/records.h"

namespace mqttpush {

// What does not fit, and what a person can do about it; empty when all does.
// Asked for is each QoS that an event of the subscription can be sent at.
std::string DescribeIncompatibility(const SubscriptionRecord& subscription,
                                    const worker::v1::BrokerLimits& limits);

// The lowest QoS that an event of the subscription can be sent at.
Qos LowestQos(const SubscriptionRecord& subscription);

// Whether its qos or that of an override is QoS 2. Its broker then has a
// persistent session.
bool NamesExactlyOnce(const SubscriptionRecord& subscription);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_COMPATIBILITY_H_
