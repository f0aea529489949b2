// DeliveryLookup: the state and last attempt of single deliveries of a tenant.
#ifndef MQTTPUSH_STORAGE_SQLITE_DELIVERY_LOOKUP_H_
#define MQTTPUSH_STORAGE_SQLITE_DELIVERY_LOOKUP_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history_reader.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// For one call. Thread-compatible.
class DeliveryLookup {
 public:
  // `reader` and `overlay` must outlive it.
  static absl::StatusOr<DeliveryLookup> Make(Reader* reader, int64_t tenant_uid,
                                             const StateOverlay* overlay);

  // The delivery of `event` to `subscription_uid`.
  absl::StatusOr<DeliveryRow> Find(const EventRecord& event,
                                   int64_t subscription_uid);

  // The ids of the tenant's subscriptions, also of deleted ones, by uid.
  const std::string& subscription_id(int64_t subscription_uid) {
    return subscriptions_[subscription_uid].id;
  }

 private:
  struct Subscription {
    std::string id;
    int64_t cursor = 0;
  };
  DeliveryLookup(Reader* reader, const StateOverlay* overlay)
      : reader_(reader), overlay_(overlay) {}
  absl::Status ReadSubscriptions(int64_t tenant_uid);
  absl::Status FindException(DeliveryRow& row, bool& found);
  absl::Status FindLastAttempt(DeliveryRow& row);

  Reader* const reader_;
  const StateOverlay* const overlay_;
  std::map<int64_t, Subscription> subscriptions_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DELIVERY_LOOKUP_H_
