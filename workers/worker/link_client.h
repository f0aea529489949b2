// LinkClient: the worker's end of the link to the control plane.
#ifndef MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_
#define MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_

#include <functional>

#include "workers/link/link_stream.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// Where a worker says what it has to say. On the loop only.
class LinkSink {
 public:
  virtual ~LinkSink() = default;
  // Queues `message` behind those before it. Never blocks.
  virtual void Send(wire::WorkerMessage message) = 0;
  // Says all that is queued, then ends the stream.
  virtual void Finish() = 0;
};

// On the loop only.
class LinkClient : public LinkSink {
 public:
  using OnMessage = std::function<void(wire::ControlMessage)>;
  // The control plane ended the stream, or says what nobody understands.
  using OnEnd = std::function<void(const absl::Status&)>;

  // Owns `fd`; says `hello` first.
  LinkClient(EventLoop* loop, int fd, const wire::Hello& hello,
             OnMessage on_message, OnEnd on_end);

  void Send(wire::WorkerMessage message) override { stream_.Send(message); }
  void Finish() override { stream_.Finish(); }

 private:
  absl::Status Take(absl::string_view bytes);

  const OnMessage on_message_;
  LinkStream stream_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_LINK_CLIENT_H_
