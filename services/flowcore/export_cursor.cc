#include "services/flowcore/export_cursor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/read_file.h"
#include "common/status_macros.h"
#include "services/flowcore/time_uuid.h"

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

absl::StatusOr<std::optional<ExportPosition>> ExportCursor::Load() const {
  if (access(path_.c_str(), F_OK) != 0) return std::nullopt;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string text,
                            ReadTextFile(path_, kMaxFileBytes));
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  const auto ticks =
      words.empty() ? std::nullopt : TicksOfTimeUuid(words.front());
  ExportPosition exported = {.ticks = ticks.value_or(0)};
  // Earlier versions wrote the id alone.
  if (ticks.has_value() &&
      (words.size() == 1 ||
       (words.size() == 2 &&
        absl::SimpleAtoi(words.back(), &exported.attempt_seq)))) {
    return exported;
  }
  return absl::DataLossError(absl::StrCat(path_, " holds no event id"));
}

absl::Status ExportCursor::Save(const ExportPosition& exported) const {
  const std::string next = path_ + ".new";
  const absl::Status written = WriteDurably(
      next,
      absl::StrCat(TimeUuid(exported.ticks), " ", exported.attempt_seq, "\n"));
  if (!written.ok()) return written;
  if (rename(next.c_str(), path_.c_str()) != 0) return Failed(path_);
  return absl::OkStatus();
}

}  // namespace mqttpush
