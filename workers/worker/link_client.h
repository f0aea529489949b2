// LinkClient: the worker's end of the stream to the control plane.
#ifndef MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_
#define MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_

#include <deque>
#include <functional>
#include <memory>

#include "common/mutex.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "mqttpush/worker/v1/worker_link.grpc.pb.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// Where a worker says what it has to say. Thread-safe.
class LinkSink {
 public:
  virtual ~LinkSink() = default;
  // Queues `message` behind those before it. Never blocks.
  virtual void Send(wire::WorkerMessage message) = 0;
  // Says all that is queued, then ends the stream.
  virtual void Finish() = 0;
};

// Thread-safe. Lives as long as the process: gRPC refers to it until `on_done`.
class LinkClient : public LinkSink,
                   private grpc::ClientBidiReactor<wire::WorkerMessage,
                                                   wire::ControlMessage> {
 public:
  using OnMessage = std::function<void(wire::ControlMessage)>;
  using OnEnd = std::function<void(const grpc::Status&)>;

  // Both callbacks run on gRPC's threads.
  LinkClient(std::shared_ptr<grpc::Channel> channel, OnMessage on_message,
             OnEnd on_end);

  // Attaches; `hello` is the first message.
  void Start(wire::Hello hello);

  void Send(wire::WorkerMessage message) override;
  void Finish() override;

 private:
  enum class State { kOpen, kFinishing, kEnded };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  // Begins the next write, or the end, when none is going on.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The other end closed the stream.
  void EndNow();

  const std::unique_ptr<wire::WorkerLink::Stub> stub_;
  const OnMessage on_message_;
  const OnEnd on_end_;
  grpc::ClientContext context_;
  wire::ControlMessage incoming_;  // gRPC's while a read goes on

  Mutex mutex_;
  std::deque<wire::WorkerMessage> queue_ ABSL_GUARDED_BY(mutex_);
  wire::WorkerMessage outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kOpen;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_
