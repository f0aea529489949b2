// MemoryFile: text under a path, for libraries that only read files.
#ifndef MQTTPUSH_WORKERS_WORKER_MEMORY_FILE_H_
#define MQTTPUSH_WORKERS_WORKER_MEMORY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// Exists in memory only and only in this process: a private key never reaches a
// disk. Movable.
class MemoryFile {
 public:
  static absl::StatusOr<MemoryFile> Create(absl::string_view content);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile();

  // "/proc/self/fd/7"; valid while this lives.
  const std::string& path() const { return path_; }

 private:
  explicit MemoryFile(int fd);
  int fd_;
  std::string path_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MEMORY_FILE_H_
