#include "workers/supervisor/worker_end.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "workers/link/exit_codes.h"

namespace mqttpush {
namespace {

std::string DescribeSignal(int signal) {
  const char* name = sigabbrev_np(signal);
  if (name == nullptr) return absl::StrCat("signal ", signal);
  return absl::StrCat("SIG", name, " (", sigdescr_np(signal), ")");
}

std::string DescribeExit(int code) {
  switch (code) {
    case kExitSessionUnwritable:
      return absl::StrCat("exit code ", code,
                          ": its session file could not be written (is the "
                          "disk full?)");
    case kExitLibraryPoisoned:
      return absl::StrCat("exit code ", code,
                          ": the MQTT library could no longer be trusted");
    default:
      return absl::StrCat("exit code ", code);
  }
}

}  // namespace

std::string DescribeWorkerEnd(int wait_status,
                              absl::string_view killed_because) {
  if (!WIFSIGNALED(wait_status)) return DescribeExit(WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  // It may have met its own end before ours reached it.
  if (signal == SIGKILL && !killed_because.empty()) {
    return absl::StrCat("killed: ", killed_because);
  }
  return DescribeSignal(signal);
}

std::string DescribeRestart(absl::string_view why, int in_row) {
  if (in_row <= 1) return std::string(why);
  return absl::StrCat(why, " (", in_row, " times in a row)");
}

}  // namespace mqttpush
