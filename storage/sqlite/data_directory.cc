#include "storage/sqlite/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// Who only looks whether the directory is in use holds the lock for an instant.
bool TakeLock(int fd) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) absl::SleepFor(absl::Milliseconds(20));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  }
  return false;
}

absl::Status CheckFileSystem(const std::string& path,
                             const FileSystem& file_system,
                             NetworkFileSystems allowed) {
  if (!IsNetworkFileSystem(file_system)) return absl::OkStatus();
  if (allowed == NetworkFileSystems::kAllowed) {
    Log::Warning("data_directory_on_network_filesystem",
                 {{"data_dir", path},
                  {"type", file_system.type},
                  {"source", file_system.source}});
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "data directory ", path, " is on a network file system (",
      file_system.type, file_system.source.empty() ? "" : ", ",
      file_system.source,
      "), where SQLite's WAL and locks cannot be relied on and data would be "
      "lost: choose a folder on a local disk (--data-dir), or, at your own "
      "risk, set --allow-network-filesystem"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(
    const std::string& path, NetworkFileSystems allowed,
    FileSystem (*find)(const std::string& path)) {
  MQTTPUSH_RETURN_IF_ERROR(CheckFileSystem(path, find(path), allowed));
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    chmod(path.c_str(), 0700);
  }
  const std::string lock_path = path + "/lock";
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("data directory ", path));
  }
  if (!TakeLock(fd)) {
    absl::Status in_use = absl::FailedPreconditionError(
        absl::StrCat("data directory ", path, " is in use by ", HolderOf(fd)));
    close(fd);
    return in_use;
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) !=
                                   static_cast<ssize_t>(pid.size())) {
    absl::Status unwritable = absl::ErrnoToStatus(errno, lock_path);
    close(fd);
    return unwritable;
  }
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, fd));
  const std::string sessions = directory->sessions_path();
  if (mkdir(sessions.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, sessions);
  }
  return directory;
}

std::string DataDirectory::HolderOf(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  int pid = 0;
  if (size <= 0 || !absl::SimpleAtoi(text, &pid)) return "another process";
  return absl::StrCat("process ", pid);
}

DataDirectory::~DataDirectory() { close(lock_fd_); }

}  // namespace mqttpush
