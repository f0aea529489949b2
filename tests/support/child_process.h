// ChildProcess: a program that a test starts, and surely ends.
#ifndef MQTTPUSH_TESTS_SUPPORT_CHILD_PROCESS_H_
#define MQTTPUSH_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqttpush {

// Runs in a process group of its own, so that a test's end takes its children
// along. Not thread-safe.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> argv = {};  // argv[0] is found along PATH
    // Appended with standard output and error; empty: the test's own.
    std::string log_path = {};
    // On top of the test's own environment.
    std::map<std::string, std::string> environment = {};
    // Stay open in the child, under the same numbers.
    std::vector<int> inherited_fds = {};
  };

  static absl::StatusOr<std::unique_ptr<ChildProcess>> Spawn(
      const Options& options);
  // Runs a program to its end. INTERNAL when it does not exit with 0.
  static absl::Status Run(const Options& options,
                          absl::Duration timeout = absl::Seconds(60));
  // Kills the group when the child still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool IsRunning();
  // Sends a signal to the child alone; nothing when it has ended.
  void Signal(int signal);
  // SIGKILL to the group, and waits for the child's end.
  void Kill();
  // Waits for the end and returns the exit code, or 128 + the signal that ended
  // it. DEADLINE_EXCEEDED when it still runs after `timeout`.
  absl::StatusOr<int> Wait(absl::Duration timeout);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_CHILD_PROCESS_H_
