#include "workers/process/system_call_filter.h"

#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <memory>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// What other architectures do not have is left out by libseccomp.
constexpr int kAllowed[] = {
    // Files and descriptors; where files may be opened is for file_bounds.h.
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(read),
    SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(flock),
    SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat),
    SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd), SCMP_SYS(memfd_create), SCMP_SYS(dup), SCMP_SYS(dup3),
    // Waiting.
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(pause),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
    // The network; which sockets, see below.
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
    SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
    SCMP_SYS(munlock), SCMP_SYS(membarrier),
    // Threads and signals.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(gettid),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(alarm),
    SCMP_SYS(setitimer), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // What it is told of itself and of the machine.
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage), SCMP_SYS(getpriority), SCMP_SYS(times), SCMP_SYS(time),
    SCMP_SYS(gettimeofday), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo)};

// Nothing of ours, and no library's fallback, calls these.
constexpr int kDeadly[] = {SCMP_SYS(execve),
                           SCMP_SYS(execveat),
                           SCMP_SYS(ptrace),
                           SCMP_SYS(process_vm_readv),
                           SCMP_SYS(process_vm_writev),
                           SCMP_SYS(bpf),
                           SCMP_SYS(init_module),
                           SCMP_SYS(finit_module),
                           SCMP_SYS(kexec_load),
                           SCMP_SYS(mount),
                           SCMP_SYS(setns),
                           SCMP_SYS(unshare)};

struct Rule {
  uint32_t action;
  int call;
  std::initializer_list<scmp_arg_cmp> arguments;
};

// What is allowed with some arguments only.
const Rule kRules[] = {
    // A thread, but no process. The flags of clone3 are in memory, where the
    // filter cannot look; without it glibc uses clone.
    {SCMP_ACT_ALLOW,
     SCMP_SYS(clone),
     {SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)}},
    {SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), {}},
    // No Unix sockets: without nscd, which they are for, the resolver asks by
    // itself.
    {SCMP_ACT_ALLOW, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_EQ, AF_INET)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_EQ, AF_INET6)}},
    // Which addresses the machine has, for the order of those of a name.
    {SCMP_ACT_ALLOW,
     SCMP_SYS(socket),
     {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_EQ, FIONREAD)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_EQ, FIONBIO)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_EQ, TCGETS)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)}},
    {SCMP_ACT_ALLOW, SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_GET_DUMPABLE)}},
    // Limits are read, not set.
    {SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), {SCMP_A2(SCMP_CMP_EQ, 0)}},
};

absl::Status Add(scmp_filter_ctx filter, uint32_t action, int call,
                 std::initializer_list<scmp_arg_cmp> arguments = {}) {
  const int error = seccomp_rule_add_array(
      filter, action, call, arguments.size(),
      arguments.size() == 0 ? nullptr : arguments.begin());
  if (error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(-error, absl::StrCat("seccomp rule of ", call));
}

absl::Status AddRules(scmp_filter_ctx filter) {
  absl::Status status;
  for (int call : kAllowed) status.Update(Add(filter, SCMP_ACT_ALLOW, call));
  for (int call : kDeadly) {
    status.Update(Add(filter, SCMP_ACT_KILL_PROCESS, call));
  }
  for (const Rule& rule : kRules) {
    status.Update(Add(filter, rule.action, rule.call, rule.arguments));
  }
  // abort() does that, to itself.
  status.Update(Add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
                    {SCMP_A0(SCMP_CMP_EQ, static_cast<uint64_t>(getpid()))}));
  return status;
}

}  // namespace

absl::Status FilterSystemCalls() {
  // Not SIGSYS for all: a newer library may try a call of which we do not know
  // and do without it.
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (filter == nullptr) return absl::InternalError("seccomp_init");
  if (absl::Status added = AddRules(filter.get()); !added.ok()) return added;
  const int error = seccomp_load(filter.get());
  if (error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(-error, "seccomp_load");
}

}  // namespace mqttpush
