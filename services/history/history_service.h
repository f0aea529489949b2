// HistoryService: the gRPC door to the delivery history.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/delivery_status.h"
#include "common/thread_pool.h"
#include "mqttpush/v1/history_service.grpc.pb.h"
#include "services/history/attempt_streams.h"
#include "storage/config_store.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"
#include "storage/stats_reader.h"

namespace mqttpush {

class AttemptStream;

// What the history is read from.
struct HistorySources {
  HistoryReader* history = nullptr;
  StatsReader* stats = nullptr;
  EventLog* log = nullptr;  // for the backlog
};

// Thread-safe. Handlers run on a pool of their own, because they read from
// disk.
class HistoryService : public v1::HistoryService::CallbackService {
 public:
  // All must outlive the service.
  HistoryService(const ConfigStore* config, const HistorySources& sources,
                 AttemptStreams* streams, const DeliveryStatus* status,
                 const Clock* clock);

  grpc::ServerUnaryReactor* ListDeliveries(
      grpc::CallbackServerContext* context,
      const v1::ListDeliveriesRequest* request,
      v1::ListDeliveriesResponse* response) override;
  grpc::ServerUnaryReactor* GetDelivery(grpc::CallbackServerContext* context,
                                        const v1::GetDeliveryRequest* request,
                                        v1::Delivery* response) override;
  grpc::ServerUnaryReactor* ListAttempts(
      grpc::CallbackServerContext* context,
      const v1::ListAttemptsRequest* request,
      v1::ListAttemptsResponse* response) override;
  grpc::ServerWriteReactor<v1::StreamAttemptsResponse>* StreamAttempts(
      grpc::CallbackServerContext* context,
      const v1::StreamAttemptsRequest* request) override;
  grpc::ServerUnaryReactor* GetDeliveryStats(
      grpc::CallbackServerContext* context,
      const v1::GetDeliveryStatsRequest* request,
      v1::DeliveryStats* response) override;

 private:
  absl::Status ListDeliveriesImpl(const v1::ListDeliveriesRequest& request,
                                  v1::ListDeliveriesResponse& response);
  absl::Status GetDeliveryImpl(const v1::GetDeliveryRequest& request,
                               v1::Delivery& response);
  absl::Status ListAttemptsImpl(const v1::ListAttemptsRequest& request,
                                v1::ListAttemptsResponse& response);
  absl::StatusOr<std::shared_ptr<AttemptStream>> MakeStream(
      const v1::StreamAttemptsRequest& request);
  absl::Status GetDeliveryStatsImpl(const v1::GetDeliveryStatsRequest& request,
                                    v1::DeliveryStats& response);

  template <typename Handler>
  grpc::ServerUnaryReactor* RunOnPool(grpc::CallbackServerContext* context,
                                      Handler handler);
  // From when on the tenant's history is shown.
  absl::Time RetainedSince(const TenantRecord& tenant) const;
  // What is in flight, and what is discarded because its subscription was
  // deleted.
  StateOverlay MakeOverlay(const ConfigSnapshot& snapshot,
                           int64_t tenant_uid) const;

  const ConfigStore* const config_;
  HistoryReader* const history_;
  StatsReader* const stats_;
  EventLog* const log_;
  AttemptStreams* const streams_;
  const DeliveryStatus* const status_;
  const Clock* const clock_;
  ThreadPool pool_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_
