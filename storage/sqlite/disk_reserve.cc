#include "storage/sqlite/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/logging.h"

namespace mqttpush {
namespace {

// Returns what failed, as errno does; 0: nothing.
int Allocate(const std::string& path, int64_t bytes) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  const int error = posix_fallocate(fd, 0, bytes);
  close(fd);
  return error;
}

}  // namespace

absl::Status DiskReserve::Take() {
  if (IsHeld()) return absl::OkStatus();
  struct statvfs info = {};
  // Some file systems say nothing, which reads as no blocks at all.
  if (statvfs(path_.substr(0, path_.rfind('/')).c_str(), &info) == 0 &&
      info.f_blocks > 0 &&
      static_cast<int64_t>(info.f_bavail * info.f_frsize) < 2 * bytes_) {
    return absl::UnavailableError(absl::StrCat(
        "the disk is full: less than ", 2 * bytes_ >> 20, " MiB are free"));
  }
  const int error = Allocate(path_, bytes_);
  if (error == 0) return absl::OkStatus();
  GiveUp();  // the part that it got
  switch (error) {
    case ENOSPC:
      return absl::UnavailableError("the disk is full");
    case EDQUOT:
      return absl::UnavailableError("the disk quota is used up");
    case EFBIG:
      return absl::UnavailableError("the file size limit is reached");
    default:
      Log::Warning("disk_reserve_failed",
                   {{"path", path_}, {"error", strerror(error)}});
      return absl::OkStatus();
  }
}

void DiskReserve::GiveUp() { unlink(path_.c_str()); }

bool DiskReserve::IsHeld() const {
  struct stat info = {};
  return stat(path_.c_str(), &info) == 0 && info.st_size >= bytes_ &&
         info.st_blocks * 512 >= bytes_;
}

}  // namespace mqttpush
