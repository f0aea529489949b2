#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"

extern char** environ;

namespace mqttpush {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(
    const std::map<std::string, std::string>& changes) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (changes.count(text.substr(0, text.find('='))) == 0) {
      variables.push_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    variables.push_back(absl::StrCat(name, "=", value));
  }
  return variables;
}

// Owns the two structures of posix_spawn.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Spawn(
    const Options& options) {
  SpawnSettings settings;
  if (!options.log_path.empty()) {
    posix_spawn_file_actions_addopen(&settings.actions, STDOUT_FILENO,
                                     options.log_path.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&settings.actions, STDOUT_FILENO,
                                     STDERR_FILENO);
  }
  for (int fd : options.inherited_fds) {
    // A file duplicated onto itself loses its close-on-exec flag.
    posix_spawn_file_actions_adddup2(&settings.actions, fd, fd);
  }
  std::vector<std::string> arguments = options.argv;
  std::vector<std::string> environment = Environment(options.environment);
  pid_t pid = 0;
  const int error = posix_spawnp(
      &pid, arguments[0].c_str(), &settings.actions, &settings.attributes,
      Pointers(arguments).data(), Pointers(environment).data());
  if (error != 0) return absl::ErrnoToStatus(error, arguments[0]);
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

absl::Status ChildProcess::Run(const Options& options, absl::Duration timeout) {
  MQTTPUSH_ASSIGN_OR_RETURN(auto process, Spawn(options));
  MQTTPUSH_ASSIGN_OR_RETURN(const int code, process->Wait(timeout));
  if (code == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(absl::StrJoin(options.argv, " "), ": exit code ", code));
}

ChildProcess::~ChildProcess() { Kill(); }

bool ChildProcess::IsRunning() {
  if (!ended_ && waitpid(pid_, &wait_status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

void ChildProcess::Signal(int signal) {
  if (IsRunning()) kill(pid_, signal);
}

void ChildProcess::Kill() {
  if (ended_) return;
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
}

absl::StatusOr<int> ChildProcess::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (IsRunning()) {
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("process ", pid_, " still runs"));
    }
    absl::SleepFor(kPollInterval);
  }
  return WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_)
                                 : 128 + WTERMSIG(wait_status_);
}

}  // namespace mqttpush
