// Parsing and validation of ExplainDelivery's request.
#ifndef MQTTPUSH_SERVICES_HISTORY_EXPLAIN_REQUEST_H_
#define MQTTPUSH_SERVICES_HISTORY_EXPLAIN_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/api/refused_events.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// How far from the time that is asked about an event may have been received.
inline constexpr absl::Duration kExplainedAround = absl::Minutes(5);

struct ExplainQuery {
  const TenantRecord* tenant = nullptr;  // of the snapshot
  HistoryQuery history;
  RefusedEventQuery refused;
  std::string asked_for;  // in words, as `event id "a"`
};

// INVALID_ARGUMENT with all violations; NOT_FOUND for an unknown tenant.
absl::StatusOr<ExplainQuery> ParseExplain(
    const v1::ExplainDeliveryRequest& request, const ConfigSnapshot& snapshot);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_EXPLAIN_REQUEST_H_
