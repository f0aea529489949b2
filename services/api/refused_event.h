// RefusedEvent: an event that was not taken, and what is asked about such.
#ifndef MQTTPUSH_SERVICES_API_REFUSED_EVENT_H_
#define MQTTPUSH_SERVICES_API_REFUSED_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush {

enum class Refusal {
  kRejected,        // not valid
  kNoTenant,        // nobody owns the owner id
  kNoSubscription,  // that takes the object type
  kDuplicate,       // of an event id that was used before
  kOverQuota,       // of its tenant
};

// What is not known is empty, or 0.
struct RefusedEvent {
  Refusal refusal = Refusal::kRejected;
  absl::Time time;
  int64_t tenant_uid = 0;
  std::string event_id;
  v1::ObjectType object_type = v1::OBJECT_TYPE_UNSPECIFIED;
  std::string object_id;
  std::string asset_id;
  std::string owner_id;
  std::vector<v1::Violation> violations;  // of a rejected one
  // Of them, how many were cut off; Remember sets it.
  int further_violations = 0;
  std::string quota;  // of one over it: which, in words
  // Of one over it: how often it was refused, and when first. `time` is the
  // last. Remember sets both, of all.
  int64_t count = 1;
  absl::Time first_time;
};

// All that is set must match.
struct RefusedEventQuery {
  std::string event_id;
  std::string object_id;
  std::string asset_id;
  absl::Time start_time = absl::InfinitePast();  // inclusive
  absl::Time end_time = absl::InfiniteFuture();  // exclusive
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_REFUSED_EVENT_H_
