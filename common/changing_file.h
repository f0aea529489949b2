// ChangingFile: a file that somebody else replaces now and then, such as one
// that Kubernetes mounts.
#ifndef MQTTPUSH_COMMON_CHANGING_FILE_H_
#define MQTTPUSH_COMMON_CHANGING_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace mqttpush {

// Not thread-safe.
class ChangingFile {
 public:
  explicit ChangingFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // All of it, at the first call and whenever it is not what it was at the call
  // before; otherwise nothing. An error (see ReadTextFile) is told once, and
  // again only when the file has changed since.
  absl::StatusOr<std::optional<std::string>> ReadIfChanged(size_t max_bytes);

 private:
  // What changes with the file; zeros when there is none.
  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t modified_ns = 0;
    bool operator==(const Version&) const = default;
  };
  Version Look() const;

  std::string path_;
  std::optional<Version> version_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_CHANGING_FILE_H_
