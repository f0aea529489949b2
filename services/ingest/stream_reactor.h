// StreamReactor: one StreamEvents call.
#ifndef MQTTPUSH_SERVICES_INGEST_STREAM_REACTOR_H_
#define MQTTPUSH_SERVICES_INGEST_STREAM_REACTOR_H_

#include <functional>
#include <memory>

#include "common/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "mqttpush/v1/ingest_service.pb.h"
#include "services/ingest/answer_queue.h"

namespace mqttpush {

// Joins gRPC's operations with an AnswerQueue. Deletes itself when gRPC is done
// with it. Answers may come from any thread and even after that: they reach the
// queue, which outlives the reactor and touches it only until it has finished.
class StreamReactor
    : public grpc::ServerBidiReactor<v1::PublishEventsRequest,
                                     v1::PublishEventsResponse> {
 public:
  using AnswerDone = std::function<void(AnswerQueue::Answer)>;
  // Ingests a request, which it copies what it needs of before it returns, and
  // calls the function once, at any time, on any thread.
  using Ingest =
      std::function<void(const v1::PublishEventsRequest&, AnswerDone)>;

  explicit StreamReactor(Ingest ingest);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  struct Shared {
    Mutex mutex;
    AnswerQueue queue ABSL_GUARDED_BY(mutex);
    // Alive until the queue has given the status to finish with.
    StreamReactor* reactor;
  };
  enum class Caller { kReaction, kAnswer };

  void IngestRequest();
  // Does what the queue says is next. Reads are started by reactions only: gRPC
  // keeps the reactor while one runs, so that a read cannot come too late.
  static void Proceed(Shared& shared, Caller caller);

  const Ingest ingest_;
  const std::shared_ptr<Shared> shared_;
  v1::PublishEventsRequest request_;    // of the read under way
  v1::PublishEventsResponse response_;  // of the write under way
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_STREAM_REACTOR_H_
