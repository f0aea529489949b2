// Redeliver: how the history asks dispatch to send a delivery again.
#ifndef MQTTPUSH_SERVICES_HISTORY_REDELIVER_H_
#define MQTTPUSH_SERVICES_HISTORY_REDELIVER_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "storage/history_reader.h"

namespace mqttpush {

// Sends a delivery again that is DELIVERED or PARKED. Calls `done`, from any
// thread, with OK once that is on disk. ABORTED: it is in another state, or its
// subscription sends nothing. NOT_FOUND: it is not in the log any more.
// RESOURCE_EXHAUSTED: too many of its subscription are to be tried again.
// UNAVAILABLE: the log cannot be read, or the service ends.
using Redeliver =
    std::function<void(int64_t subscription_uid, int64_t event_seq,
                       std::function<void(absl::Status)> done)>;

// Asks for all of them, in order, and waits for the answers, which it returns.
std::vector<absl::Status> RedeliverAll(const Redeliver& redeliver,
                                       const std::vector<DeliveryKey>& keys);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REDELIVER_H_
