#include "tests/crash/kill_point.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace mqttpush::crash {
namespace {

std::atomic<Part> stated_part = Part::kAnywhere;
std::atomic<Part> armed_part = Part::kAnywhere;
std::atomic<int> calls_left = 0;  // 0: it is not armed
std::atomic<int> ledger = -1;
std::atomic<int> calls[std::size(kParts)];
// Of the segments, by the names of their files.
std::atomic<long> newest_segment = 0;
std::atomic<bool> beginning = false;

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::string PathOf(int fd) {
  char path[512];
  const std::string link = absl::StrCat("/proc/self/fd/", fd);
  const ssize_t length = readlink(link.c_str(), path, sizeof path);
  return length < 0 ? "" : std::string(path, static_cast<size_t>(length));
}

// 0: none.
long SegmentOf(const std::string& path) {
  if (path.find(".db") == std::string::npos) return 0;
  return atol(path.c_str() + path.rfind('/') + 1);
}

Part PartOf(const std::string& path) {
  const Part stated = stated_part.load();
  if (stated != Part::kAnywhere) return stated;
  const long segment = SegmentOf(path);
  if (segment == 0 || segment >= newest_segment) {
    return beginning ? Part::kBegin : Part::kAppend;
  }
  const bool wal = path.find("-wal") != std::string::npos;
  return wal ? Part::kSeal : Part::kCheckpoint;
}

// True: the call is the last one.
bool Count(Part part) {
  ++calls[static_cast<int>(part)];
  ++calls[0];
  if (calls_left.load() == 0) return false;
  const Part armed = armed_part.load();
  if (armed != Part::kAnywhere && armed != part) return false;
  return --calls_left == 0;
}

[[noreturn]] void Die(Part part, const char* call, const std::string& path) {
  const std::string line =
      absl::StrCat("killed ", PartName(part), " ", call, " ",
                   path.substr(path.rfind('/') + 1), "\n");
  if (write(ledger, line.data(), line.size()) < 0) abort();
  kill(getpid(), SIGKILL);
  while (true) pause();
}

constexpr char kUnlink[] = "unlink";

void Reach(const char* call, const std::string& path) {
  Part part = PartOf(path);
  // What lies beside the file goes when the last one closes it, too.
  const bool file = path.ends_with(".db");
  if (part == Part::kCheckpoint && call == kUnlink) {
    part = file ? Part::kDrop : Part::kSeal;
  }
  if (Count(part)) Die(part, call, path);
}

}  // namespace

void SetPart(Part part) { stated_part = part; }

void KillAt(Part part, int count, int ledger_fd) {
  ledger = ledger_fd;
  armed_part = part;
  calls_left = count;
}

std::string CountCalls() {
  std::string counts;
  for (Part part : kParts) {
    absl::StrAppend(&counts, counts.empty() ? "" : " ", PartName(part), "=",
                    calls[static_cast<int>(part)].load());
  }
  return counts;
}

}  // namespace mqttpush::crash

// ---- in place of libc's
// ------------------------------------------------------

using mqttpush::crash::Count;
using mqttpush::crash::Die;
using mqttpush::crash::kUnlink;
using mqttpush::crash::Part;
using mqttpush::crash::PartOf;
using mqttpush::crash::PathOf;
using mqttpush::crash::Reach;
using mqttpush::crash::Real;

extern "C" {

// A segment begins when its file is opened for the first time, and has begun
// when its folder is synced.
int open64(const char* path, int flags, ...) {
  static const auto real = Real<int (*)(const char*, int, mode_t)>("open64");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode =
      (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{0};
  va_end(arguments);
  const long segment = mqttpush::crash::SegmentOf(path);
  if (segment > mqttpush::crash::newest_segment) {
    mqttpush::crash::newest_segment = segment;
    mqttpush::crash::beginning = true;
  }
  return real(path, flags, mode);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  static const auto real =
      Real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  const std::string path = PathOf(fd);
  const Part part = PartOf(path);
  if (Count(part)) {
    if (real(fd, bytes, size / 2, offset) < 0) abort();
    Die(part, "pwrite", path);
  }
  return real(fd, bytes, size, offset);
}

// What was written outlives a kill without being synced.
int fdatasync(int fd) {
  Reach("fdatasync", PathOf(fd));
  return 0;
}

int fsync(int fd) {
  const std::string path = PathOf(fd);
  Reach("fsync", path);
  if (mqttpush::crash::SegmentOf(path) == 0) mqttpush::crash::beginning = false;
  return 0;
}

int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = Real<int (*)(int, off64_t)>("ftruncate64");
  Reach("ftruncate", PathOf(fd));
  return real(fd, size);
}

int unlink(const char* path) noexcept {
  static const auto real = Real<int (*)(const char*)>("unlink");
  Reach(kUnlink, path);
  return real(path);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = Real<int (*)(const char*, const char*)>("rename");
  Reach("rename", from);
  return real(from, to);
}

}  // extern "C"
