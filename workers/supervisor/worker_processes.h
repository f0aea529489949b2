// WorkerProcesses: the worker processes and their streams, as the loop sees
// them.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_WORKER_PROCESSES_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_WORKER_PROCESSES_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event_loop.h"
#include "workers/supervisor/link_server.h"
#include "workers/supervisor/process_watcher.h"

namespace mqttpush {

// On the loop only, but for the constructor and the destructor; the loop is
// stopped before the destructor, and outlives this.
class WorkerProcesses : private LinkServer::Listener {
 public:
  // Called on the loop. The stream of a worker and its process end in either
  // order; what it said last is in the stream.
  struct Events {
    std::function<void(int64_t worker_id, std::shared_ptr<WorkerChannel>)>
        attached;
    std::function<void(int64_t worker_id, const worker::v1::WorkerMessage&)>
        message;
    std::function<void(int64_t worker_id)> detached;
    // With the status of waitpid(2).
    std::function<void(int64_t worker_id, int wait_status)> exited;
  };

  // `program` is the path of mqttpush-worker; `data_path` the folder of which
  // workers see nothing but `sessions_path`.
  WorkerProcesses(EventLoop* loop, std::string program, std::string data_path,
                  std::string sessions_path, Events events);

  // Starts a worker; the id must be new. Returns its pid.
  absl::StatusOr<pid_t> Start(int64_t worker_id);
  // No effect when it has ended.
  void Kill(pid_t pid);

 private:
  void OnAttached(int64_t worker_id,
                  std::shared_ptr<WorkerChannel> channel) override;
  void OnMessage(int64_t worker_id,
                 const worker::v1::WorkerMessage& message) override;
  void OnDetached(int64_t worker_id) override;

  absl::StatusOr<pid_t> Spawn(int64_t worker_id);

  EventLoop* const loop_;
  const std::string program_;
  const std::string data_path_;
  const std::string sessions_path_;
  const std::vector<std::string> environment_;
  const Events events_;
  LinkServer link_server_;
  ProcessWatcher watcher_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_WORKER_PROCESSES_H_
