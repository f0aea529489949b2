// ProcessWatcher: starts child processes and tells when they end.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_PROCESS_WATCHER_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_PROCESS_WATCHER_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/mutex.h"

namespace mqttpush {

// Thread-safe. One thread polls the pidfds of all children, so that no signal
// handler is needed and no foreign child is reaped.
class ProcessWatcher {
 public:
  // Called once per child, on the watcher's thread, with the status of
  // waitpid(2).
  using Ended = std::function<void(int wait_status)>;

  struct Program {
    std::string path;
    std::vector<std::string> arguments = {};    // without the path
    std::vector<std::string> environment = {};  // all of it: "NAME=value"
  };

  ProcessWatcher();
  // Children that still run are not killed, and not waited for.
  ~ProcessWatcher();

  // Starts the program. `fd` becomes descriptor 3 of the child; beside it the
  // child has 0, 1 and 2 only. Returns its pid.
  absl::StatusOr<pid_t> Spawn(const Program& program, int fd, Ended ended);

  // Sends `signal` if `pid` is a child that has not ended.
  void Kill(pid_t pid, int signal);

 private:
  struct Child {
    int pid_fd;
    Ended ended;
  };
  void Run();
  void Wake();
  void Reap(pid_t pid);

  Mutex mutex_;
  std::map<pid_t, Child> children_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  const int wake_fd_;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_PROCESS_WATCHER_H_
