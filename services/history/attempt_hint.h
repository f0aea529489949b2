// AttemptHint: what a person can do about a failed attempt.
#ifndef MQTTPUSH_SERVICES_HISTORY_ATTEMPT_HINT_H_
#define MQTTPUSH_SERVICES_HISTORY_ATTEMPT_HINT_H_

#include "absl/strings/string_view.h"
#include "storage/records.h"

namespace mqttpush {

// One or two sentences for support staff; empty when nothing is needed. Made
// when read, so that better advice reaches old attempts too.
absl::string_view AttemptHint(const AttemptRecord& attempt);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_ATTEMPT_HINT_H_
