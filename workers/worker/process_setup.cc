#include "workers/worker/process_setup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace mqttpush {
namespace {

constexpr size_t kNonceBytes = 32;

absl::Status DieWithParent() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return absl::ErrnoToStatus(errno, "prctl(PR_SET_PDEATHSIG)");
  }
  // Should it have died before, the socket's end says so (no look at getppid:
  // in a container the control plane may well be process 1).
  return absl::OkStatus();
}

absl::Status ForbidDumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    return absl::ErrnoToStatus(errno, "setrlimit(RLIMIT_CORE)");
  }
  if (prctl(PR_SET_DUMPABLE, 0) != 0) {
    return absl::ErrnoToStatus(errno, "prctl(PR_SET_DUMPABLE)");
  }
  return absl::OkStatus();
}

void CleanEnvironment() {
  for (const char* name :
       {"http_proxy", "https_proxy", "MQTT_C_CLIENT_TRACE",
        "MQTT_C_CLIENT_TRACE_LEVEL", "MQTT_C_CLIENT_TRACE_MAX_LINES"}) {
    unsetenv(name);
  }
  // The resolver runs under Paho's lock: it must not take its usual half
  // minute.
  setenv("RES_OPTIONS", "timeout:2 attempts:2", 1);
}

void BlockSignals() {
  // A terminal's interrupt reaches the whole process group, but the service is
  // to drain its workers first.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigdelset(&all, fault);
  }
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

absl::Status SetUpWorkerProcess() {
  if (absl::Status status = DieWithParent(); !status.ok()) return status;
  if (absl::Status status = ForbidDumps(); !status.ok()) return status;
  CleanEnvironment();
  BlockSignals();
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadNonce(int fd) {
  std::string nonce(kNonceBytes, '\0');
  for (size_t done = 0; done < nonce.size();) {
    const ssize_t got = read(fd, &nonce[done], nonce.size() - done);
    if (got < 0) return absl::ErrnoToStatus(errno, "read the nonce");
    if (got == 0) {
      return absl::FailedPreconditionError("the control plane is gone");
    }
    done += static_cast<size_t>(got);
  }
  const int flags = fcntl(fd, F_GETFL);
  if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "fcntl");
  }
  return nonce;
}

}  // namespace mqttpush
