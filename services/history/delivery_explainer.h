// DeliveryExplainer: gathers what is known of an event and says why it has or
// has not arrived.
#ifndef MQTTPUSH_SERVICES_HISTORY_DELIVERY_EXPLAINER_H_
#define MQTTPUSH_SERVICES_HISTORY_DELIVERY_EXPLAINER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/delivery_status.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/api/refused_events.h"
#include "services/history/explain_request.h"
#include "services/history/explanation.h"
#include "services/history/state_reason.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"

namespace mqttpush {

// For one call. Thread-compatible.
class DeliveryExplainer {
 public:
  static constexpr size_t kMaxExplanations = 100;  // of either kind
  // Of HistoryReader::kMaxLookedAt events each.
  static constexpr int kMaxPages = 5;
  // Of refused events in the log.
  static constexpr int kMaxLookups = 100;

  // What it asks; all must outlive it.
  struct Sources {
    const ConfigSnapshot& snapshot;
    HistoryReader& history;
    const DeliveryStatus& status;
    const RefusedEvents& refused;
    const StateOverlay& overlay;
  };
  DeliveryExplainer(const Sources& sources, absl::Time now)
      : from_(sources), now_(now), reasons_(sources.snapshot, sources.status) {}

  // Storage's errors.
  absl::StatusOr<v1::ExplainDeliveryResponse> Explain(
      const ExplainQuery& query);

 private:
  absl::StatusOr<std::vector<DeliveryRow>> FindRows(const ExplainQuery& query);
  absl::StatusOr<std::vector<RefusedEvent>> FindRefused(
      const ExplainQuery& query, const std::vector<DeliveryRow>& rows);
  // Those that are told beside `rows`.
  absl::StatusOr<std::vector<RefusedEvent>> LeaveOutAccepted(
      const ExplainQuery& query, const std::vector<DeliveryRow>& rows,
      std::vector<RefusedEvent> refused);
  absl::StatusOr<bool> IsInLog(const ExplainQuery& query,
                               const std::string& event_id);
  absl::Status AddRow(const ExplainQuery& query, const DeliveryRow& row);
  // Fills in what a delivery that has not ended waits for.
  absl::Status AddWaiting(const DeliveryRow& row, ExplanationFacts& facts);
  // Of one that is WAITING: finds out which of the reasons for that it is.
  void AddWaitCause(const DeliveryRow& row,
                    const SubscriptionRecord& subscription,
                    ExplanationFacts& facts);
  absl::Status AddDeliveredBefore(const DeliveryRow& row,
                                  ExplanationFacts& facts);
  // The tenant's subscriptions other than those of `rows`, which are all of one
  // event.
  void AddNotTaken(const ExplainQuery& query,
                   const std::vector<const DeliveryRow*>& rows);
  void AddRefused(const RefusedEvent& event);
  // "" when there is no such subscription any more.
  std::string BrokerNameOf(int64_t subscription_uid) const;
  void AddUnknown(const ExplainQuery& query);
  void AddCounts(int64_t tenant_uid);

  const Sources from_;
  const absl::Time now_;
  StateReasons reasons_;
  v1::ExplainDeliveryResponse response_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_DELIVERY_EXPLAINER_H_
