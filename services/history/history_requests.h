// Parsing and validation of the history service's requests.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/api/violations.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// Errors: INVALID_ARGUMENT with all violations; NOT_FOUND for an unknown
// tenant.

absl::StatusOr<const TenantRecord*> FindTenant(const std::string& parent,
                                               const ConfigSnapshot& snapshot);
// Absent, with a violation, outside the years 1 to 9999.
std::optional<absl::Time> ParseTime(const google::protobuf::Timestamp& time,
                                    const std::string& field,
                                    Violations& violations);

struct ListDeliveriesQuery {
  const TenantRecord* tenant = nullptr;  // of the snapshot
  HistoryQuery query;
  std::vector<DeliveryState> states;
  std::optional<DeliveryKey> after;
  int page_size = 0;
};
absl::StatusOr<ListDeliveriesQuery> ParseListDeliveries(
    const v1::ListDeliveriesRequest& request, const ConfigSnapshot& snapshot);
std::string DeliveryPageToken(const v1::ListDeliveriesRequest& request,
                              const DeliveryKey& next);

struct ListAttemptsQuery {
  const TenantRecord* tenant = nullptr;
  HistoryQuery query;
  std::optional<bool> succeeded;
  std::optional<AttemptKey> after;
  int page_size = 0;
};
absl::StatusOr<ListAttemptsQuery> ParseListAttempts(
    const v1::ListAttemptsRequest& request, const ConfigSnapshot& snapshot);
std::string AttemptPageToken(const v1::ListAttemptsRequest& request,
                             const AttemptKey& next);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_
