// StatusBoard: the DeliveryStatus that dispatch and the supervisor keep and
// services read.
#ifndef MQTTPUSH_WORKERS_DISPATCH_STATUS_BOARD_H_
#define MQTTPUSH_WORKERS_DISPATCH_STATUS_BOARD_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/delivery_status.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe.
class StatusBoard : public DeliveryStatus {
 public:
  LinkStatus GetLink(int64_t broker_uid) const override;
  std::vector<int64_t> ListInFlight(int64_t subscription_uid) const override;
  absl::Time GetInFlightSince(int64_t subscription_uid,
                              int64_t event_seq) const override;

  std::string GetIncompatibility(int64_t subscription_uid) const override;

  void SetLink(int64_t broker_uid, LinkStatus status);
  void RemoveLink(int64_t broker_uid);
  void AddInFlight(int64_t subscription_uid,
                   const std::vector<int64_t>& event_seqs, absl::Time since);
  void RemoveInFlight(int64_t subscription_uid,
                      const std::vector<int64_t>& event_seqs);
  // Empty: it fits.
  void SetIncompatibility(int64_t subscription_uid, std::string words);

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<int64_t, LinkStatus> links_ ABSL_GUARDED_BY(mutex_);
  // By subscription, then by seq: since when.
  absl::flat_hash_map<int64_t, std::map<int64_t, absl::Time>> in_flight_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<int64_t, std::string> incompatibilities_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_STATUS_BOARD_H_
