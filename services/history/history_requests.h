// Parsing and validation of the history service's requests.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/api/violations.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// nullopt, and a violation, when it is not of the years 1 to 9999.
std::optional<absl::Time> ParseTime(const google::protobuf::Timestamp& time,
                                    const std::string& field,
                                    Violations& violations);

// The query of a filter; what is wrong with it, as violations of `filter.*`.
HistoryQuery ParseFilter(const v1::HistoryFilter& filter,
                         const TenantRecord& tenant,
                         const ConfigSnapshot& snapshot,
                         Violations& violations);

// From when on the history of a tenant is shown.
absl::Time RetainedSince(const TenantRecord& tenant, absl::Time now);

// Errors: INVALID_ARGUMENT with all violations; NOT_FOUND for an unknown
// tenant.

absl::StatusOr<const TenantRecord*> FindTenant(const std::string& parent,
                                               const ConfigSnapshot& snapshot);

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

struct StreamAttemptsQuery {
  const TenantRecord* tenant = nullptr;
  HistoryQuery query;
  std::optional<bool> succeeded;
  std::optional<int64_t> after;  // an attempt_seq; absent: from the begin
  bool live = true;
};
// `now` is what `since` counts from.
absl::StatusOr<StreamAttemptsQuery> ParseStreamAttempts(
    const v1::StreamAttemptsRequest& request, const ConfigSnapshot& snapshot,
    absl::Time now);

// Makes the resume tokens of one StreamAttempts call.
class ResumeTokens {
 public:
  ResumeTokens(const v1::StreamAttemptsRequest& request,
               const StreamAttemptsQuery& parsed);
  std::string At(int64_t attempt_seq) const;

 private:
  uint64_t fingerprint_;
  absl::Time start_time_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_REQUESTS_H_
