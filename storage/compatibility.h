// Whether a broker offers what a subscription asks for.
#ifndef MQTTPUSH_STORAGE_COMPATIBILITY_H_
#define MQTTPUSH_STORAGE_COMPATIBILITY_H_

#include <string>

#include "absl/time/time.h"
#include "storage/records.h"

namespace mqttpush {

// What does not fit, and what a person can do about it; empty when all does.
// Asked for is each QoS that an event of the subscription can be sent at.
// `maximum_qos` and `retain_available` are the broker's.
std::string DescribeIncompatibility(const SubscriptionRecord& subscription,
                                    int maximum_qos, bool retain_available);

// The lowest QoS that an event of the subscription can be sent at.
Qos LowestQos(const SubscriptionRecord& subscription);

// Whether its qos or that of an override is QoS 2. Its broker then has a
// persistent session.
bool NamesExactlyOnce(const SubscriptionRecord& subscription);

// How long such a broker is asked to keep its half of the session without a
// connection: an hour at least, for a session that ends with its connection
// cannot promise exactly once.
absl::Duration AskedSessionExpiry(const BrokerRecord& broker);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_COMPATIBILITY_H_
