// BrokerOffer: what a broker offers; see BrokerOffer in resources.proto.
#ifndef MQTTPUSH_COMMON_BROKER_OFFER_H_
#define MQTTPUSH_COMMON_BROKER_OFFER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace mqttpush {

// Absent is what is not known, or not limited.
struct BrokerOffer {
  std::optional<int> maximum_qos;
  std::optional<int> receive_maximum;
  std::optional<int64_t> maximum_packet_size;  // bytes
  std::optional<bool> retain_available;
  std::optional<absl::Duration> server_keep_alive;
  std::string assigned_client_id;  // empty: none
  std::optional<int> topic_alias_maximum;
  std::optional<absl::Duration> session_expiry;
  bool operator==(const BrokerOffer&) const = default;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_BROKER_OFFER_H_
