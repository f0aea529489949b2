#include "workers/process/process_setup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "workers/process/sanitized.h"

namespace mqttpush {
namespace {

constexpr size_t kNonceBytes = 32;

// The bounds of a worker, far above what one that is well uses: it has some ten
// files open, and of the 100 to 160 MB that count as data under the heaviest
// load most are the untouched stacks of its threads.
constexpr rlim_t kMostFiles = 256;
constexpr rlim_t kMostDataBytes = rlim_t{512} << 20;
// One that spins leaves the service three quarters of a processor, and still
// gets its work done on a machine that is busy.
constexpr int kNiceRise = 5;
// A worker is the first to go when the machine is out of memory: it costs one
// link a moment. Of 1,000.
constexpr int kOomScoreRise = 500;
constexpr int kMostOomScore = 1000;
constexpr char kOomScoreFile[] = "/proc/self/oom_score_adj";

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

absl::Status LowerLimit(decltype(RLIMIT_DATA) resource, rlim_t most) {
  rlimit limit{};
  getrlimit(resource, &limit);
  limit.rlim_max = std::min(limit.rlim_max, most);
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(resource, &limit) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("setrlimit ", resource));
}

// Where /proc is not writable the worker is only a little less meek.
void OfferToTheOomKiller() {
  int score = 0;
  std::ifstream(kOomScoreFile) >> score;
  std::ofstream(kOomScoreFile)
      << std::min(score + kOomScoreRise, kMostOomScore);
}

// Not of the size of files: standard error may be one, to which the whole
// service writes.
absl::Status SetBounds() {
  OfferToTheOomKiller();
  errno = 0;
  if (nice(kNiceRise) == -1 && errno != 0) {
    return absl::ErrnoToStatus(errno, "nice");
  }
  if (absl::Status status = LowerLimit(RLIMIT_NOFILE, kMostFiles);
      !status.ok() || kSanitized) {
    return status;
  }
  return LowerLimit(RLIMIT_DATA, kMostDataBytes);
}

void CleanEnvironment() {
  for (const char* name :
       {"http_proxy", "https_proxy", "MQTT_C_CLIENT_TRACE",
        "MQTT_C_CLIENT_TRACE_LEVEL", "MQTT_C_CLIENT_TRACE_MAX_LINES"}) {
    unsetenv(name);
  }
  // The resolver runs under Paho's lock: it must not take its usual half
  // minute. What the operator says comes last and counts.
  const char* options = getenv("RES_OPTIONS");
  setenv(
      "RES_OPTIONS",
      absl::StrCat("timeout:2 attempts:2 ", options == nullptr ? "" : options)
          .c_str(),
      1);
}

void BlockSignals() {
  // Until it has a session of its own, a terminal's interrupt reaches it with
  // the whole process group, but the service is to drain its workers first.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  // SIGALRM is for LeaveWithin.
  for (int open : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) {
    sigdelset(&all, open);
  }
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

absl::Status SetUpWorkerProcess() {
  // Before the process is made undumpable, for its files in /proc are then
  // root's.
  if (absl::Status status = SetBounds(); !status.ok()) return status;
  if (absl::Status status = ForbidDumps(); !status.ok()) return status;
  CleanEnvironment();
  BlockSignals();
  return absl::OkStatus();
}

void DieWithParent(bool die) { prctl(PR_SET_PDEATHSIG, die ? SIGKILL : 0); }

void LeaveWithin(absl::Duration time) {
  alarm(static_cast<unsigned>(absl::ToInt64Seconds(time)));
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
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "fcntl");
  }
  return nonce;
}

}  // namespace mqttpush
