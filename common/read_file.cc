#include "common/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

absl::StatusOr<std::string> ReadAll(int fd, size_t max_bytes) {
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "cannot be read");
    if (count == 0) return text;
    text.append(buffer.data(), count);
    if (text.size() > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("must not be larger than ", max_bytes, " bytes"));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path,
                                         size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "cannot be read");
  absl::StatusOr<std::string> text = ReadAll(fd, max_bytes);
  close(fd);
  return text;
}

}  // namespace mqttpush
