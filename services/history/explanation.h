// ExplanationText: why an event has or has not arrived, in a sentence.
#ifndef MQTTPUSH_SERVICES_HISTORY_EXPLANATION_H_
#define MQTTPUSH_SERVICES_HISTORY_EXPLANATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/delivery_status.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/history/coverage.h"
#include "storage/records.h"

namespace mqttpush {

// What a sentence is made of. What its reason has no use for is not looked at;
// times that are not known are InfinitePast.
struct ExplanationFacts {
  v1::Explanation::Reason reason = v1::Explanation::NEVER_RECEIVED;
  absl::Time receive_time = absl::InfinitePast();
  absl::Time since = absl::InfinitePast();
  absl::Time next_try = absl::InfinitePast();
  // NEVER_RECEIVED, NOT_KNOWN: "event id \"a\"".
  std::string asked_for;
  Coverage coverage;  // NOT_KNOWN
  // Where was looked, as "among the newest 100000 of the tenant"; empty: in all
  // that is kept.
  std::string looked_at;
  std::string owner_id;
  std::string object_type;                // its name
  std::vector<v1::Violation> violations;  // of REJECTED
  int further_violations = 0;             // likewise, not told
  std::string quota;                      // OVER_QUOTA: which, in words
  int64_t refusal_count = 1;              // likewise
  absl::Time first_refusal = absl::InfinitePast();  // likewise
  std::string subscription;                         // its id
  std::string broker;                               // its id
  std::string takes;  // NOT_TAKEN: "it takes ASSET only"
  // Waiting.
  int64_t ahead = 0;
  LinkStatus link;
  // In the words of StateReasons, as they are there.
  std::string state_reason;
  std::optional<AttemptRecord> last_attempt;
  // IN_FLIGHT: not for the first time; on a person's word.
  bool again = false;
  bool asked_again = false;
  // Not DELIVERED, but an attempt before it was sent again had succeeded.
  absl::Time delivered_before = absl::InfinitePast();
};

// One sentence for a support person, without the hint.
std::string ExplanationText(const ExplanationFacts& facts);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_EXPLANATION_H_
