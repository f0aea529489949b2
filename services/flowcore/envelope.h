// ParseEnvelopes: reads Flowcore events as they come to POST /transform.
//
// Both envelopes are known: the current one names the flow type `flowType`, the
// legacy one `aggregator`, which wins where both are there, as it does in
// Flowcore's own router. Of the rest of an envelope only `eventId` and
// `payload` are needed; other fields may be there or not.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_ENVELOPE_H_
#define MQTTPUSH_SERVICES_FLOWCORE_ENVELOPE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/ingest/payload_handler.h"

namespace mqttpush {

struct Envelope {
  std::string event_id;
  std::string flow_type;
  std::string flow_type_field = "flowType";  // which one had it
  absl::string_view payload;                 // the very bytes of the body
  // What is wrong with it; the payload's own rules are not looked at.
  std::vector<FieldViolation> violations;
};

// One event, or an array of 1 to limits::kMaxEventsPerBatch. An event that is
// malformed has a violation and does not trouble its neighbours.
// INVALID_ARGUMENT when the body cannot be told apart into events. `body` must
// outlive the result.
absl::StatusOr<std::vector<Envelope>> ParseEnvelopes(absl::string_view body);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_ENVELOPE_H_
