// LiveStream: one call of a method that streams responses, and new ones as
// there is more to say.
#ifndef MQTTPUSH_SERVICES_HISTORY_LIVE_STREAM_H_
#define MQTTPUSH_SERVICES_HISTORY_LIVE_STREAM_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mutex.h"
#include "common/thread_pool.h"
#include "grpcpp/support/server_callback.h"
#include "services/api/status.h"
#include "services/history/live_streams.h"
#include "services/history/stream_turn.h"

namespace mqttpush {

// Joins gRPC's operations with a StreamTurn. Holds one response, and reads on
// only when gRPC has taken it: a slow reader costs this and no thread, and what
// it has not read stays on disk. Keeps itself until gRPC is done with it.
template <typename Response>
class LiveStream : public grpc::ServerWriteReactor<Response>,
                   public LiveStreams::Stream,
                   public std::enable_shared_from_this<LiveStream<Response>> {
 public:
  using Reactor = grpc::ServerWriteReactor<Response>;
  // Reads on from disk, into the empty response, which is to be sent when Found
  // says so. Called by one thread at a time.
  using Read = std::function<absl::StatusOr<StreamTurn::Found>(Response&)>;

  // `streams` must outlive it, `pool` the call. It reads when it is the turn of
  // `tenant_id`.
  LiveStream(LiveStreams* streams, ThreadPool* pool, std::string tenant_id,
             Read read)
      : streams_(streams),
        pool_(pool),
        tenant_id_(std::move(tenant_id)),
        read_(std::move(read)) {}

  // Begins to read; `stream` is one of `streams`. What it returns is for gRPC.
  static Reactor* Start(std::shared_ptr<LiveStream> stream) {
    LiveStream* const raw = stream.get();
    raw->self_ = std::move(stream);
    raw->Proceed([](StreamTurn& turn) { return turn.Begin(); });
    return raw;
  }
  // A call that ends at once.
  static Reactor* Refuse(const absl::Status& status) {
    return new Refused(status);
  }

  void OnWriteDone(bool ok) override {
    Proceed([ok](StreamTurn& turn) { return turn.WriteDone(ok); });
  }
  void OnCancel() override {
    End(absl::CancelledError("the call was cancelled"));
  }
  void OnDone() override {
    streams_->Remove(this);
    const std::shared_ptr<LiveStream> last = std::move(self_);
  }

  void Wake() override {
    Proceed([](StreamTurn& turn) { return turn.Wake(); });
  }
  void End(absl::Status status) override {
    Proceed([&](StreamTurn& turn) { return turn.End(std::move(status)); });
  }

 private:
  class Refused : public Reactor {
   public:
    explicit Refused(const absl::Status& status) {
      this->Finish(ToGrpcStatus(status));
    }
    void OnDone() override { delete this; }
  };

  // On the pool.
  void ReadOn() {
    response_.Clear();
    const auto found = read_(response_);
    Proceed([&](StreamTurn& turn) { return turn.ReadDone(found); });
  }
  // What the turn says, under the lock, is done without it: gRPC may react on
  // this very thread.
  template <typename Ask>
  void Proceed(Ask ask) {
    StreamTurn::Step step;
    {
      MutexLock lock(&mutex_);
      step = ask(turn_);
    }
    Do(step);
  }
  void Do(StreamTurn::Step step) {
    switch (step) {
      case StreamTurn::Step::kNone:
        return;
      case StreamTurn::Step::kRead:
        pool_->Post(tenant_id_,
                    [self = this->shared_from_this()] { self->ReadOn(); });
        return;
      case StreamTurn::Step::kWrite:
        return this->StartWrite(&response_);
      case StreamTurn::Step::kFinish:
        // Its place is free before the client can know that it ended.
        streams_->Remove(this);
        return this->Finish(ToGrpcStatus(EndStatus()));
    }
  }
  absl::Status EndStatus() {
    MutexLock lock(&mutex_);
    return turn_.status();
  }

  LiveStreams* const streams_;
  ThreadPool* const pool_;
  const std::string tenant_id_;
  // Whose turn it is uses these two.
  const Read read_;
  Response response_;

  Mutex mutex_;
  StreamTurn turn_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<LiveStream> self_;  // from Start to OnDone
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_LIVE_STREAM_H_
