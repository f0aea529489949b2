// ParseEventLine: an event from a line of JSON.
#ifndef MQTTPUSH_CLI_EVENT_LINE_H_
#define MQTTPUSH_CLI_EVENT_LINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush::cli {

// A line is one of:
//   {"objectType": "location", "eventId": "...", "payload": {...}}
//       `eventId` may be absent; a text as payload is base64, as in proto JSON;
//   {"flowType": "location.0", "eventId": "...", "payload": {...}, ...}
//       an envelope of Flowcore, also the legacy one with `aggregator`;
//   {...}
//       the object itself, when `type` is given.
// The payload's bytes stay as they are. INVALID_ARGUMENT says what is missing.
absl::StatusOr<v1::Event> ParseEventLine(const std::string& line,
                                         v1::ObjectType type);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_EVENT_LINE_H_
