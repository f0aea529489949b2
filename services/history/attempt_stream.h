// AttemptStream: one StreamAttempts call.
#ifndef MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAM_H_
#define MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAM_H_

#include <memory>

#include "absl/status/status.h"
#include "common/mutex.h"
#include "common/thread_pool.h"
#include "grpcpp/support/server_callback.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/history/attempt_responses.h"
#include "services/history/attempt_streams.h"
#include "services/history/stream_turn.h"

namespace mqttpush {

// Joins gRPC's operations with a StreamTurn. Holds one response, and reads on
// only when gRPC has taken it: a slow reader costs this and no thread, and what
// it has not read stays on disk. Keeps itself until gRPC is done with it.
class AttemptStream
    : public grpc::ServerWriteReactor<v1::StreamAttemptsResponse>,
      public AttemptStreams::Stream,
      public std::enable_shared_from_this<AttemptStream> {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::StreamAttemptsResponse>;

  // `streams` must outlive it, `pool` the call.
  AttemptStream(AttemptStreams* streams, ThreadPool* pool,
                AttemptResponses responses);

  // Begins to read; `stream` is one of `streams`. What it returns is for gRPC.
  static Reactor* Start(std::shared_ptr<AttemptStream> stream);
  // A call that ends at once.
  static Reactor* Refuse(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Wake() override;
  void End(absl::Status status) override;

 private:
  // On the pool.
  void Read();
  // What the turn says, under the lock, is done without it: gRPC may react on
  // this very thread.
  template <typename Ask>
  void Proceed(Ask ask);
  void Do(StreamTurn::Step step);

  AttemptStreams* const streams_;
  ThreadPool* const pool_;
  // Whose turn it is uses these two.
  AttemptResponses responses_;
  v1::StreamAttemptsResponse response_;

  Mutex mutex_;
  StreamTurn turn_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<AttemptStream> self_;  // from Start to OnDone
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_ATTEMPT_STREAM_H_
