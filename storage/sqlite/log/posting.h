// Posting: where a row stands in the order of those that share a key. What an
// index of the log consists of, in memory and in sealed segments alike.
//
// A query of the history takes the postings of one key of one dimension, newest
// first, reads their rows, and holds those to all that it asks for. Two values
// with the same hash as key therefore cost time, never truth.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_H_

#include <compare>
#include <cstdint>
#include <limits>

#include "absl/strings/string_view.h"
#include "storage/records.h"

namespace mqttpush {

// Stored as numbers: do not change the values of existing entries.
enum class Dimension {
  // Events; row and order are the seq.
  kEventById = 1,
  kEventsOfTenant = 2,
  kEventsOfAsset = 3,
  kEventsOfType = 4,
  kEventsOfSubscription = 5,
  // Attempts by start time; the row is the attempt_seq.
  kAttemptsOfTenant = 10,
  kAttemptsOfSubscription = 11,
  kAttemptsOfAsset = 12,
  kAttemptsOfType = 13,
  kAttemptsOfTopic = 14,
  kFailedAttemptsOfTenant = 15,
  // Attempts in the order of their commit: row and order are the attempt_seq.
  kAttemptsOfDelivery = 20,
  // Attempts by the seq of their event; the row is the attempt_seq.
  kSuccessesOfTenant = 30,
  kDeliveriesOfTopic = 31,
  // Exceptions by the seq of their event; the row is the subscription uid.
  kExceptionsOfTenant = 32,
};

struct Posting {
  int64_t order = 0;
  int64_t row = 0;
  auto operator<=>(const Posting&) const = default;
};

// After all postings, and before all.
inline constexpr Posting kLastPosting = {std::numeric_limits<int64_t>::max(),
                                         std::numeric_limits<int64_t>::max()};
inline constexpr Posting kFirstPosting = {std::numeric_limits<int64_t>::min(),
                                          std::numeric_limits<int64_t>::min()};

// A posting with its key, as they lie in order in a dimension.
struct KeyedPosting {
  int64_t key = 0;
  Posting posting;
  auto operator<=>(const KeyedPosting&) const = default;
};

// The keys. Texts are hashed; what is a number already is kept, so that
// neighbours are near each other. The key of kEventsOfTenant and its like is
// the tenant's uid, that of kEventsOfSubscription the subscription's.
int64_t TextKey(int64_t tenant_uid, absl::string_view text);
int64_t TypeKey(int64_t tenant_uid, ObjectType type);
int64_t DeliveryKeyOf(int64_t event_seq, int64_t subscription_uid);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_H_
