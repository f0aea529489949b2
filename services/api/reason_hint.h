// ReasonHint: what a person can do about a message that a broker refused.
#ifndef MQTTPUSH_SERVICES_API_REASON_HINT_H_
#define MQTTPUSH_SERVICES_API_REASON_HINT_H_

#include "absl/strings/string_view.h"

namespace mqttpush {

// By the reason code (MQTT 5, section 2.4) of a PUBACK, PUBREC or DISCONNECT.
// Empty for codes that need no hint of their own. Pure.
absl::string_view ReasonHint(int reason_code);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_REASON_HINT_H_
