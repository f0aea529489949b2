// InjectEventId: puts the event id into a payload and changes nothing else.
#ifndef MQTTPUSH_WORKERS_DISPATCH_EVENT_ID_INJECTION_H_
#define MQTTPUSH_WORKERS_DISPATCH_EVENT_ID_INJECTION_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Returns `payload` with "field":"event_id" as its last top-level member,
// inserted as text directly before the closing brace. A top-level member of
// that name (escapes in its key do not matter) keeps its place, and its value
// is replaced instead. All other bytes stay as they are: number spelling,
// spaces, key order.
//
// `payload` must be a JSON object without duplicate keys, as ingest has
// checked; `field` and `event_id` must be UTF-8 and are escaped as needed.
std::string InjectEventId(absl::string_view payload, absl::string_view field,
                          absl::string_view event_id);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_EVENT_ID_INJECTION_H_
