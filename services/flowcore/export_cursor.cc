#include "services/flowcore/export_cursor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/flowcore/time_uuid.h"
#include "common/read_file.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxFileBytes = 1024;

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(absl::StrCat(
      "cannot write ", path, ": ", absl::ErrnoToStatus(errno, "").message()));
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(path);
  const ssize_t written = write(fd, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  absl::Status status;
  if (!whole || fsync(fd) != 0) status = Failed(path);
  close(fd);
  return status;
}

}  // namespace

absl::StatusOr<std::optional<int64_t>> ExportCursor::Load() const {
  if (access(path_.c_str(), F_OK) != 0) return std::nullopt;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string text,
                            ReadTextFile(path_, kMaxFileBytes));
  const auto ticks = TicksOfTimeUuid(absl::StripTrailingAsciiWhitespace(text));
  if (ticks.has_value()) return ticks;
  return absl::DataLossError(absl::StrCat(path_, " holds no event id"));
}

absl::Status ExportCursor::Save(int64_t ticks) const {
  const std::string next = path_ + ".new";
  const absl::Status written = WriteDurably(next, TimeUuid(ticks) + "\n");
  if (!written.ok()) return written;
  if (rename(next.c_str(), path_.c_str()) != 0) return Failed(path_);
  return absl::OkStatus();
}

}  // namespace mqttpush
