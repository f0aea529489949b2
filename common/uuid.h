// NewUuidV7: time-ordered unique ids.
#ifndef MQTTPUSH_COMMON_UUID_H_
#define MQTTPUSH_COMMON_UUID_H_

#include <string>

#include "absl/time/time.h"

namespace mqttpush {

// Returns a version 7 UUID (RFC 9562, 5.7) in its 36-character lower-case form.
// Within the process each is greater than all before it, as text too, even
// within one millisecond and when `now` goes back. Thread-safe.
std::string NewUuidV7(absl::Time now);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_UUID_H_
