// LinkServer: the control plane's ends of the links to the workers.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/event_loop.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "workers/dispatch/worker_channel.h"

namespace mqttpush {

// On the loop only, but for the constructor, and for the destructor once the
// loop has stopped.
class LinkServer {
 public:
  // Called on the loop, for one worker in the order of its stream.
  class Listener {
   public:
    virtual ~Listener() = default;
    // The worker said who it is.
    virtual void OnAttached(int64_t worker_id,
                            std::shared_ptr<WorkerChannel> channel) = 0;
    virtual void OnMessage(int64_t worker_id,
                           const worker::v1::WorkerMessage& message) = 0;
    // Its stream ended; nothing follows.
    virtual void OnDetached(int64_t worker_id) = 0;
  };

  // Both must outlive the server.
  LinkServer(EventLoop* loop, Listener* listener);
  // Ends all streams, and tells nobody.
  ~LinkServer();

  // Makes the socket pair of a new worker and returns the worker's end, which
  // the caller closes once the worker has it. The nonce that the worker says
  // hello with is the first that it can read from it. `worker_id` must be new.
  absl::StatusOr<int> AddWorker(int64_t worker_id);

  // Forgets a worker that ended; a stream that attaches as it later is refused.
  void RemoveWorker(int64_t worker_id);

 private:
  class Session;

  // The worker whose nonce it is, once; absent when there is none.
  std::optional<int64_t> Redeem(const std::string& nonce);

  EventLoop* const loop_;
  Listener* const listener_;
  std::map<std::string, int64_t> worker_by_nonce_;
  // By a number of their own: which worker it is, only its hello tells.
  std::map<int64_t, std::shared_ptr<Session>> sessions_;
  int64_t next_session_ = 1;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_
