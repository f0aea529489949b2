#include "common/changing_file.h"

#include <sys/stat.h>

#include "common/read_file.h"
#include "common/status_macros.h"

namespace mqttpush {

ChangingFile::Version ChangingFile::Look() const {
  struct stat found;
  if (stat(path_.c_str(), &found) != 0) return {};
  return {.device = found.st_dev,
          .inode = found.st_ino,
          .size = found.st_size,
          .modified_ns = int64_t{found.st_mtim.tv_sec} * 1'000'000'000 +
                         found.st_mtim.tv_nsec};
}

absl::StatusOr<std::optional<std::string>> ChangingFile::ReadIfChanged(
    size_t max_bytes) {
  const Version version = Look();
  if (version == version_) return std::nullopt;
  version_ = version;
  MQTTPUSH_ASSIGN_OR_RETURN(std::string text, ReadTextFile(path_, max_bytes));
  return text;
}

}  // namespace mqttpush
