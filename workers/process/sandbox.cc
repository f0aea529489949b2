#include "workers/process/sandbox.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "common/logging.h"
#include "common/status_macros.h"
#include "workers/process/sanitized.h"
#include "workers/process/system_call_filter.h"

namespace mqttpush {
namespace {

absl::Status CloseAllBut(int fd) {
  if (fd <= STDERR_FILENO) {
    return absl::InvalidArgumentError("the link must not be 0, 1 or 2");
  }
  const bool below =
      fd == STDERR_FILENO + 1 || close_range(STDERR_FILENO + 1, fd - 1, 0) == 0;
  if (below && close_range(fd + 1, UINT_MAX, 0) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "close_range");
}

}  // namespace

absl::Status EnterSandbox(int link_fd, const FileBounds& files) {
  setsid();  // it fails for one that has a session of its own already
  MQTTPUSH_RETURN_IF_ERROR(CloseAllBut(link_fd));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "prctl(PR_SET_NO_NEW_PRIVS)");
  }
  const absl::Status bounded = BoundFiles(files);
  if (absl::IsUnimplemented(bounded)) {
    Log::Warning("files_not_bounded", {{"why", bounded.message()}});
  } else {
    MQTTPUSH_RETURN_IF_ERROR(bounded);
  }
  return kSanitized ? absl::OkStatus() : FilterSystemCalls();
}

}  // namespace mqttpush
