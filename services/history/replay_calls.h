// ReplayCalls: the methods of the history service that are about replays.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_CALLS_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_CALLS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/thread_pool.h"
#include "grpcpp/support/server_callback.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/history/live_stream.h"
#include "services/history/live_streams.h"
#include "services/history/replay_runner.h"
#include "storage/config_store.h"
#include "storage/history_reader.h"
#include "storage/replay_store.h"

namespace mqttpush {

// Where replays are kept, who runs them, and the WatchReplay calls, which the
// runner wakes.
struct Replays {
  ReplayStore* store = nullptr;
  ReplayRunner* runner = nullptr;
  LiveStreams* watchers = nullptr;
};

// Thread-safe. Handlers run on the pool.
class ReplayCalls {
 public:
  // All must outlive it, and the pool the calls.
  ReplayCalls(const ConfigStore* config, HistoryReader* history,
              const Clock* clock, const Replays& replays, ThreadPool* pool)
      : config_(config),
        history_(history),
        clock_(clock),
        replays_(replays),
        pool_(*pool) {}

  grpc::ServerUnaryReactor* Replay(grpc::CallbackServerContext* context,
                                   const v1::ReplayDeliveriesRequest* request,
                                   v1::Replay* response);
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const v1::GetReplayRequest* request,
                                v1::Replay* response);
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const v1::ListReplaysRequest* request,
                                 v1::ListReplaysResponse* response);
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context,
                                   const v1::CancelReplayRequest* request,
                                   v1::Replay* response);
  grpc::ServerWriteReactor<v1::Replay>* Watch(
      const v1::WatchReplayRequest* request);

 private:
  // A ReplayDeliveries call while it counts.
  struct Counting;
  static absl::StatusOr<bool> Step(Counting& call);
  void CountOn(std::shared_ptr<Counting> call, size_t most_waiting);
  absl::Status Begin(const ReplayRecord& counted,
                     const v1::ReplayDeliveriesRequest& request,
                     v1::Replay& response);
  absl::Status GetImpl(const std::string& name, v1::Replay& response);
  absl::Status ListImpl(const v1::ListReplaysRequest& request,
                        v1::ListReplaysResponse& response);
  absl::Status CancelImpl(const std::string& name, v1::Replay& response);
  using ReplayStream = LiveStream<v1::Replay>;
  absl::StatusOr<std::shared_ptr<ReplayStream>> MakeStream(
      const v1::WatchReplayRequest& request);

  const ConfigStore* const config_;
  HistoryReader* const history_;
  const Clock* const clock_;
  const Replays replays_;
  ThreadPool& pool_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_CALLS_H_
