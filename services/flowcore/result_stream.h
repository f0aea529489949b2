// ResultStream: where in Flowcore's order of things a tenant's delivery results
// are.
//
//   tenant "acme" > data core "mqtt-push" > flow type "mqtt-push-results.0"
//     > event type "created.0"
//
// Flowcore gives each an id. Ours are UUIDs of version 5, made of the names, so
// that they need not be kept anywhere.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_STREAM_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_STREAM_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

inline constexpr char kResultDataCore[] = "mqtt-push";
inline constexpr char kResultFlowType[] = "mqtt-push-results.0";
inline constexpr char kResultEventType[] = "created.0";

struct ResultStream {
  std::string tenant;
  std::string tenant_id;
  std::string data_core_id;
  std::string flow_type_id;
  std::string event_type_id;
};

// Always the same of the same tenant.
ResultStream ResultStreamOf(absl::string_view tenant);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_STREAM_H_
