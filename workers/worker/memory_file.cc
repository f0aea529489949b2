#include "workers/worker/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {

absl::StatusOr<MemoryFile> MemoryFile::Create(absl::string_view content) {
  int fd = memfd_create("pem", MFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "memfd_create");
  MemoryFile file(fd);
  while (!content.empty()) {
    ssize_t written = write(fd, content.data(), content.size());
    if (written < 0) return absl::ErrnoToStatus(errno, "write to a memfd");
    content.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

MemoryFile::MemoryFile(int fd)
    : fd_(fd), path_(absl::StrCat("/proc/self/fd/", fd)) {}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

MemoryFile::~MemoryFile() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace mqttpush
