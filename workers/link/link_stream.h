// LinkStream: messages over one end of the socket between the control plane and
// a program that it has started (a worker, a probe), on an event loop.
#ifndef MQTTPUSH_WORKERS_LINK_LINK_STREAM_H_
#define MQTTPUSH_WORKERS_LINK_LINK_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/event_loop.h"
#include "google/protobuf/message_lite.h"
#include "workers/link/frames.h"

namespace mqttpush {

// For the loop's thread only; also once the loop has stopped. What is sent in
// one round of the loop is written at its end, with one system call where the
// socket takes it.
class LinkStream {
 public:
  struct Events {
    // Who is there, in what is said of the stream: "worker".
    const char* other_end = "other end";
    // One message's bytes. An error ends the stream, with it. Must not destroy
    // the stream.
    std::function<absl::Status(absl::string_view)> on_message;
    // The stream ended, after all that the other end had said; nothing follows.
    // OK: it was closed between two messages. May destroy the stream.
    std::function<void(const absl::Status&)> on_end;
  };

  // What the other end has not read. Credit bounds what there is to say, to far
  // less; beyond this the stream is ended, as nobody listens.
  static constexpr size_t kMostUnreadBytes = 64 << 20;

  // Owns `fd`. `loop` must outlive it.
  LinkStream(EventLoop* loop, int fd, Events events);
  // Closes it. `on_end` is not called.
  ~LinkStream();
  LinkStream(const LinkStream&) = delete;
  LinkStream& operator=(const LinkStream&) = delete;

  // Queues `message`; never blocks, and calls nobody back. Dropped when the
  // other end is gone, or after Finish.
  void Send(const google::protobuf::MessageLite& message);
  // Says all that is queued, then closes this direction.
  void Finish();

 private:
  void OnReady(uint32_t events);
  void Read();
  // Calls on_message for what is complete.
  absl::Status Deliver();
  void FlushLater();
  void Flush();
  // Nothing more can be said; what the other end said can still be read.
  void StopWriting();
  // The other end is of no use.
  void GiveUp(const absl::Status& why);
  void End(const absl::Status& status);

  EventLoop* const loop_;
  const int fd_;
  Events events_;
  FrameReader reader_;
  std::string unwritten_;
  size_t written_ = 0;  // of `unwritten_`
  bool flush_posted_ = false;
  bool waits_to_write_ = false;
  bool finishing_ = false;
  bool mute_ = false;   // nothing more can be said
  bool ended_ = false;  // nor heard
  // Tells tasks of the loop that this is gone.
  const std::shared_ptr<LinkStream*> self_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_LINK_LINK_STREAM_H_
