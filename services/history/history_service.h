// HistoryService: the gRPC door to the delivery history.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/delivery_status.h"
#include "common/thread_pool.h"
#include "mqttpush/v1/history_service.grpc.pb.h"
#include "services/api/refused_events.h"
#include "services/history/attempt_responses.h"
#include "services/history/live_stream.h"
#include "services/history/live_streams.h"
#include "services/history/redeliver.h"
#include "services/history/replay_calls.h"
#include "storage/config_store.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"
#include "storage/stats_reader.h"

namespace mqttpush {

// What the history is read from.
struct HistorySources {
  HistoryReader* history = nullptr;
  StatsReader* stats = nullptr;
  EventLog* log = nullptr;                 // for the backlog
  const RefusedEvents* refused = nullptr;  // for ExplainDelivery
  WriteResults write_results;              // for StreamAttempts
  Replays replays;
};

// Thread-safe. Handlers run on a pool of their own, because they read from
// disk, where tenants take turns.
class HistoryService : public v1::HistoryService::CallbackService {
 public:
  // All must outlive the service.
  HistoryService(const ConfigStore* config, const HistorySources& sources,
                 LiveStreams* streams, const DeliveryStatus* status,
                 const Clock* clock, Redeliver redeliver);

  grpc::ServerUnaryReactor* ListDeliveries(
      grpc::CallbackServerContext* context,
      const v1::ListDeliveriesRequest* request,
      v1::ListDeliveriesResponse* response) override;
  grpc::ServerUnaryReactor* GetDelivery(grpc::CallbackServerContext* context,
                                        const v1::GetDeliveryRequest* request,
                                        v1::Delivery* response) override;
  grpc::ServerUnaryReactor* RetryDelivery(
      grpc::CallbackServerContext* context,
      const v1::RetryDeliveryRequest* request, v1::Delivery* response) override;
  grpc::ServerUnaryReactor* ReplayDeliveries(
      grpc::CallbackServerContext* context,
      const v1::ReplayDeliveriesRequest* request,
      v1::Replay* response) override {
    return replay_calls_.Replay(context, request, response);
  }
  grpc::ServerUnaryReactor* GetReplay(grpc::CallbackServerContext* context,
                                      const v1::GetReplayRequest* request,
                                      v1::Replay* response) override {
    return replay_calls_.Get(context, request, response);
  }
  grpc::ServerUnaryReactor* ListReplays(
      grpc::CallbackServerContext* context,
      const v1::ListReplaysRequest* request,
      v1::ListReplaysResponse* response) override {
    return replay_calls_.List(context, request, response);
  }
  grpc::ServerWriteReactor<v1::Replay>* WatchReplay(
      grpc::CallbackServerContext* /*context*/,
      const v1::WatchReplayRequest* request) override {
    return replay_calls_.Watch(request);
  }
  grpc::ServerUnaryReactor* CancelReplay(grpc::CallbackServerContext* context,
                                         const v1::CancelReplayRequest* request,
                                         v1::Replay* response) override {
    return replay_calls_.Cancel(context, request, response);
  }
  grpc::ServerUnaryReactor* ExplainDelivery(
      grpc::CallbackServerContext* context,
      const v1::ExplainDeliveryRequest* request,
      v1::ExplainDeliveryResponse* response) override;
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

  // For whoever else reads the history; lives as long as the service.
  ThreadPool* pool() { return &pool_; }

 private:
  absl::Status ListDeliveriesImpl(const v1::ListDeliveriesRequest& request,
                                  v1::ListDeliveriesResponse& response);
  absl::Status GetDeliveryImpl(const std::string& name, v1::Delivery& response);
  // The delivery, if it can be sent again.
  absl::StatusOr<DeliveryRow> FindRetryable(const std::string& name);
  // The answer, once `redelivered` is known.
  absl::Status EndRetry(const std::string& name,
                        const absl::Status& redelivered,
                        v1::Delivery& response);
  absl::Status ExplainDeliveryImpl(const v1::ExplainDeliveryRequest& request,
                                   v1::ExplainDeliveryResponse& response);
  absl::Status ListAttemptsImpl(const v1::ListAttemptsRequest& request,
                                v1::ListAttemptsResponse& response);
  using AttemptStream = LiveStream<v1::StreamAttemptsResponse>;
  absl::StatusOr<std::shared_ptr<AttemptStream>> MakeStream(
      const v1::StreamAttemptsRequest& request);
  absl::Status GetDeliveryStatsImpl(const v1::GetDeliveryStatsRequest& request,
                                    v1::DeliveryStats& response);

  // A delivery as its tenant's history shows it.
  struct Found {
    const TenantRecord* tenant = nullptr;  // of the snapshot
    DeliveryRow row;
  };
  absl::StatusOr<Found> FindDelivery(const std::string& name,
                                     const ConfigSnapshot& snapshot);
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
  const RefusedEvents* const refused_;
  const WriteResults write_results_;
  LiveStreams* const streams_;
  const DeliveryStatus* const status_;
  const Clock* const clock_;
  const Redeliver redeliver_;
  ReplayCalls replay_calls_;
  ThreadPool pool_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_H_
