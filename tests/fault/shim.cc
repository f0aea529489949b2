// libmqttpush-fault-shim.so: preloaded into the service (LD_PRELOAD), makes its
// wall clock jump and its disk full, at any moment and without root.
//
// Not libfaketime: one page serves clock and disk, and a jump is seen by all
// threads and processes at once. Times of the wall clock that the process hands
// to the kernel to wait for are translated back, or a timer would wait for as
// long as the clock has jumped. The steady clock is left alone, as a real jump
// leaves it.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/fault/shim_state.h"

namespace {

using mqttpush::fault::kShimVariable;
using mqttpush::fault::ShimState;

constexpr int64_t kSecond = 1'000'000'000;

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

ShimState* Open() {
  const char* path = getenv(kShimVariable);
  if (path == nullptr) return nullptr;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* page = mmap(nullptr, sizeof(ShimState), PROT_READ | PROT_WRITE,
                    MAP_SHARED, fd, 0);
  close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<ShimState*>(page);
}

ShimState* State() {
  static ShimState* const state = Open();
  return state;
}

int64_t Offset() {
  const ShimState* state = State();
  return state == nullptr ? 0 : state->clock_offset_ns.load();
}

timespec Shifted(const timespec& time, int64_t offset) {
  const int64_t ns = time.tv_sec * kSecond + time.tv_nsec + offset;
  return {.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
}

// Whether this file can take no more bytes. As on a file system that never
// writes in place, that holds for all writes.
bool IsFull(int fd) {
  ShimState* state = State();
  if (state == nullptr || state->disk_full.load() == 0) return false;
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  const size_t prefix = strlen(state->directory);
  if (length < static_cast<ssize_t>(prefix) ||
      strncmp(path, state->directory, prefix) != 0) {
    return false;
  }
  ++state->refused_writes;
  errno = ENOSPC;
  return true;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = Real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    *time = Shifted(*time, Offset());
  }
  return result;
}

int gettimeofday(timeval* time, void*) {
  timespec now;
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return result;
}

time_t time(time_t* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* deadline) {
  static const auto real =
      Real<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
          "pthread_cond_timedwait");
  const timespec shifted = Shifted(*deadline, -Offset());
  return real(condition, mutex, &shifted);
}

// Only futexes with an absolute time of the wall clock are touched.
long syscall(long number, ...) {
  static const auto real =
      Real<long (*)(long, long, long, long, long, long, long)>("syscall");
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  timespec shifted;
  if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) != 0 && a[3] != 0) {
    shifted = Shifted(*reinterpret_cast<timespec*>(a[3]), -Offset());
    a[3] = reinterpret_cast<long>(&shifted);
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  return IsFull(fd) ? -1 : real(fd, bytes, count);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = Real<ssize_t (*)(int, const iovec*, int)>("writev");
  return IsFull(fd) ? -1 : real(fd, parts, count);
}

ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  static const auto real =
      Real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return IsFull(fd) ? -1 : real(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  return pwrite64(fd, bytes, count, offset);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t count) {
  static const auto real =
      Real<int (*)(int, int, off64_t, off64_t)>("fallocate64");
  return IsFull(fd) ? -1 : real(fd, mode, offset, count);
}

int posix_fallocate64(int fd, off64_t offset, off64_t count) {
  static const auto real =
      Real<int (*)(int, off64_t, off64_t)>("posix_fallocate64");
  return IsFull(fd) ? ENOSPC : real(fd, offset, count);
}

int posix_fallocate(int fd, off_t offset, off_t count) {
  return posix_fallocate64(fd, offset, count);
}

}  // extern "C"
