// Why a delivery is in its state, in words for support.
#ifndef MQTTPUSH_SERVICES_HISTORY_STATE_REASON_H_
#define MQTTPUSH_SERVICES_HISTORY_STATE_REASON_H_

#include <cstdint>
#include <map>
#include <string>

#include "common/delivery_status.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// For one call: what its rows wait for is asked once for each subscription.
// Thread-compatible.
class StateReasons {
 public:
  // Both must outlive it.
  StateReasons(const ConfigSnapshot& snapshot, const DeliveryStatus& status)
      : snapshot_(snapshot), status_(status) {}

  // Empty for what is DELIVERED, or IN_FLIGHT over a link that is well.
  std::string Of(const DeliveryRow& row);

 private:
  const std::string& WaitingWords(int64_t subscription_uid);
  const std::string& InFlightWords(int64_t subscription_uid);
  std::string FindWaitingWords(int64_t subscription_uid) const;
  std::string FindInFlightWords(int64_t subscription_uid) const;

  const ConfigSnapshot& snapshot_;
  const DeliveryStatus& status_;
  // By subscription uid, once asked for.
  std::map<int64_t, std::string> waiting_words_;
  std::map<int64_t, std::string> in_flight_words_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_STATE_REASON_H_
