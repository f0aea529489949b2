#include "storage/sqlite/log/posting.h"

#include <xxhash.h>

namespace mqttpush {

// Written into segments: another function would not find what is there.
int64_t TextKey(int64_t tenant_uid, absl::string_view text) {
  return static_cast<int64_t>(XXH3_64bits_withSeed(
      text.data(), text.size(), static_cast<XXH64_hash_t>(tenant_uid)));
}

int64_t TypeKey(int64_t tenant_uid, ObjectType type) {
  return tenant_uid * 16 + static_cast<int64_t>(type);
}

int64_t DeliveryKeyOf(int64_t event_seq, int64_t subscription_uid) {
  constexpr int kSubscriptionBits = 20;
  return static_cast<int64_t>(
      (static_cast<uint64_t>(event_seq) << kSubscriptionBits) ^
      static_cast<uint64_t>(subscription_uid));
}

}  // namespace mqttpush
