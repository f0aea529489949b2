// DeliveryStatus: what only the running system knows, and services show.
//
// An interface because services/ and workers/ do not know each other; dispatch
// implements it (workers/dispatch/status_board.h) and server/ joins them.
#ifndef MQTTPUSH_COMMON_DELIVERY_STATUS_H_
#define MQTTPUSH_COMMON_DELIVERY_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/broker_offer.h"

namespace mqttpush {

// The states of a link; see Link in resources.proto.
enum class LinkState {
  kUnknown = 0,
  kConnecting = 1,
  kConnected = 2,
  kBackingOff = 3,
  kRefused = 4,
  kStalled = 5,
  kPaused = 6,
};

struct LinkStatus {
  LinkState state = LinkState::kUnknown;
  absl::Time since = absl::InfinitePast();
  std::string last_error;
  absl::Time next_connect_time = absl::InfinitePast();  // InfinitePast: none
  absl::Time last_ack_time = absl::InfinitePast();      // InfinitePast: never
  std::string broker_address;  // "192.0.2.7:8883"; empty before the first call
  // Of the last connection that the broker accepted.
  std::optional<BrokerOffer> offer;
};

// Thread-safe.
class DeliveryStatus {
 public:
  virtual ~DeliveryStatus() = default;
  virtual LinkStatus GetLink(int64_t broker_uid) const = 0;
  // The events of a subscription that are with a worker, by seq; at most a few
  // hundred.
  virtual std::vector<int64_t> ListInFlight(int64_t subscription_uid) const = 0;
  // Since when one of those is; InfinitePast: it is not, or that is not known.
  virtual absl::Time GetInFlightSince(int64_t subscription_uid,
                                      int64_t event_seq) const {
    return absl::InfinitePast();
  }
  // What a subscription asks for and its broker does not offer, in words; empty
  // when they fit. Until it is mended the subscription's events wait.
  virtual std::string GetIncompatibility(int64_t subscription_uid) const = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_DELIVERY_STATUS_H_
