// LinkServer: the control plane's end of the link to the workers, a gRPC server
// without a port: it is given one end of a socket pair per worker.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/mutex.h"
#include "mqttpush/worker/v1/worker_link.grpc.pb.h"
#include "workers/dispatch/worker_channel.h"

namespace grpc {
class Server;
}

namespace mqttpush {

// Thread-safe.
class LinkServer {
 public:
  // Called on gRPC's threads, for one worker in the order of the stream; must
  // not block.
  class Listener {
   public:
    virtual ~Listener() = default;
    // The worker said who it is.
    virtual void OnAttached(int64_t worker_id,
                            std::shared_ptr<WorkerChannel> channel) = 0;
    virtual void OnMessage(int64_t worker_id,
                           worker::v1::WorkerMessage message) = 0;
    // Its stream ended; nothing follows.
    virtual void OnDetached(int64_t worker_id) = 0;
  };

  // `listener` must outlive the server.
  explicit LinkServer(Listener* listener);
  // Ends all streams and waits for their callbacks.
  ~LinkServer();

  // Makes the socket pair of a new worker and returns the worker's end, which
  // the caller closes once the worker has it. The nonce that the worker says
  // hello with is the first that it can read from it. `worker_id` must be new.
  absl::StatusOr<int> AddWorker(int64_t worker_id);

  // Forgets a worker that ended; a stream that attaches as it later is refused.
  void RemoveWorker(int64_t worker_id);

 private:
  class Session;
  class Service;

  // The worker whose nonce it is, once; absent when there is none.
  std::optional<int64_t> Redeem(const std::string& nonce);

  Listener* const listener_;
  Mutex mutex_;
  std::map<std::string, int64_t> worker_by_nonce_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_LINK_SERVER_H_
