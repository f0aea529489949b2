#include "workers/supervisor/worker_processes.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "common/status_macros.h"
#include "workers/supervisor/worker_environment.h"

namespace mqttpush {

WorkerProcesses::WorkerProcesses(EventLoop* loop, std::string program,
                                 std::string data_path,
                                 std::string sessions_path, Events events)
    : loop_(loop),
      program_(std::move(program)),
      data_path_(std::move(data_path)),
      sessions_path_(std::move(sessions_path)),
      environment_(WorkerEnvironment(OwnEnvironment())),
      events_(std::move(events)),
      link_server_(loop, this) {}

absl::StatusOr<pid_t> WorkerProcesses::Start(int64_t worker_id) {
  absl::StatusOr<pid_t> pid = Spawn(worker_id);
  if (!pid.ok()) link_server_.RemoveWorker(worker_id);
  return pid;
}

absl::StatusOr<pid_t> WorkerProcesses::Spawn(int64_t worker_id) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int fd, link_server_.AddWorker(worker_id));
  absl::StatusOr<pid_t> pid =
      watcher_.Spawn({.path = program_,
                      .arguments = {"--fd", "3", "--hide", data_path_,
                                    "--sessions", sessions_path_},
                      .environment = environment_},
                     fd, [this, worker_id](int wait_status) {
                       loop_->Post([this, worker_id, wait_status] {
                         link_server_.RemoveWorker(worker_id);
                         events_.exited(worker_id, wait_status);
                       });
                     });
  close(fd);
  return pid;
}

void WorkerProcesses::Kill(pid_t pid) { watcher_.Kill(pid, SIGKILL); }

void WorkerProcesses::OnAttached(int64_t worker_id,
                                 std::shared_ptr<WorkerChannel> channel) {
  events_.attached(worker_id, std::move(channel));
}

void WorkerProcesses::OnMessage(int64_t worker_id,
                                const worker::v1::WorkerMessage& message) {
  events_.message(worker_id, message);
}

void WorkerProcesses::OnDetached(int64_t worker_id) {
  events_.detached(worker_id);
}

}  // namespace mqttpush
