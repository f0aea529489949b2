// AwkwardEvents: one valid event of each object type, with bytes that are
// easily spoilt on the way.
#ifndef MQTTPUSH_TESTS_E2E_AWKWARD_EVENTS_H_
#define MQTTPUSH_TESTS_E2E_AWKWARD_EVENTS_H_

#include <string>
#include <vector>

#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush {

// 64-bit ids beyond 2^53, 2.50, -0.0, 1e-7, escapes, text beyond ASCII, spaces,
// unknown fields. Their assets are "asset-1" to "asset-6", their event ids
// "evt-1" to "evt-6", in the order of ObjectType.
std::vector<v1::Event> AwkwardEvents(const std::string& owner_id);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_AWKWARD_EVENTS_H_
