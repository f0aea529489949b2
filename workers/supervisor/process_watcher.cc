#include "workers/supervisor/process_watcher.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

// glibc 2.36 declares these without C linkage.
extern "C" {
#include <sys/pidfd.h>
}

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

constexpr int kChildFd = 3;

// As exec wants them: the texts stay where they are and are not written to.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// All signals unblocked and at their defaults, whatever this process does with
// them.
void SetDefaultSignals(posix_spawnattr_t* attributes) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setflags(attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

ProcessWatcher::ProcessWatcher()
    : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {}

ProcessWatcher::~ProcessWatcher() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  close(wake_fd_);
}

absl::StatusOr<pid_t> ProcessWatcher::Spawn(const Program& program, int fd,
                                            Ended ended) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  absl::Cleanup destroy = [&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  };
  posix_spawn_file_actions_adddup2(&actions, fd, kChildFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, kChildFd + 1);
  SetDefaultSignals(&attributes);
  std::vector<std::string> arguments = {program.path};
  arguments.insert(arguments.end(), program.arguments.begin(),
                   program.arguments.end());
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.path.c_str(), &actions,
                                &attributes, Pointers(arguments).data(),
                                Pointers(program.environment).data());
  if (error != 0) {
    return absl::ErrnoToStatus(error,
                               absl::StrCat("cannot start ", program.path));
  }
  const int pid_fd = pidfd_open(pid, 0);
  if (pid_fd < 0) {
    absl::Status failed = absl::ErrnoToStatus(errno, "pidfd_open");
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return failed;
  }
  {
    MutexLock lock(&mutex_);
    children_[pid] = {pid_fd, std::move(ended)};
  }
  Wake();
  return pid;
}

void ProcessWatcher::Kill(pid_t pid, int signal) {
  MutexLock lock(&mutex_);
  auto child = children_.find(pid);
  if (child == children_.end()) return;
  pidfd_send_signal(child->second.pid_fd, signal, nullptr, 0);
}

void ProcessWatcher::Run() {
  while (true) {
    std::vector<pollfd> fds = {{wake_fd_, POLLIN, 0}};
    std::vector<pid_t> pids = {0};
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      for (const auto& [pid, child] : children_) {
        fds.push_back({child.pid_fd, POLLIN, 0});
        pids.push_back(pid);
      }
    }
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    uint64_t count;
    if (fds[0].revents != 0 && read(wake_fd_, &count, sizeof count) < 0) {
      continue;
    }
    for (size_t i = 1; i < fds.size(); ++i) {
      if (fds[i].revents != 0) Reap(pids[i]);
    }
  }
}

void ProcessWatcher::Wake() {
  const uint64_t one = 1;
  if (write(wake_fd_, &one, sizeof one) < 0) return;  // already awake
}

void ProcessWatcher::Reap(pid_t pid) {
  int status = 0;
  Ended ended;
  {
    MutexLock lock(&mutex_);
    if (waitpid(pid, &status, WNOHANG) != pid) return;
    auto child = children_.find(pid);
    close(child->second.pid_fd);
    ended = std::move(child->second.ended);
    children_.erase(child);
  }
  ended(status);
}

}  // namespace mqttpush
