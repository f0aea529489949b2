// DataDirectory: the folder that holds everything durable, on a local disk,
// locked for one process.
#ifndef MQTTPUSH_STORAGE_SQLITE_DATA_DIRECTORY_H_
#define MQTTPUSH_STORAGE_SQLITE_DATA_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/sqlite/file_system.h"

namespace mqttpush {

enum class NetworkFileSystems { kRefused, kAllowed };

// Holds an exclusive flock(2) on `<path>/lock` for its life; the kernel gives
// it up with the process, however that ends.
class DataDirectory {
 public:
  // Creates the folder and its subfolders (mode 0700) when they are missing.
  // FAILED_PRECONDITION, naming the process, when another one holds it; and,
  // naming its type, when `path` is on a network file system, before anything
  // is made there. Where that is allowed it is only logged. `find` is another
  // one in tests.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(
      const std::string& path,
      NetworkFileSystems allowed = NetworkFileSystems::kRefused,
      FileSystem (*find)(const std::string& path) = FindFileSystem);
  // The process that holds the lock file `fd`, as it wrote itself down; for
  // messages only.
  static std::string HolderOf(int fd);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  std::string config_path() const { return path_ + "/config.db"; }
  // The log of the time before there were segments; mostly missing.
  std::string legacy_log_path() const { return path_ + "/log.db"; }
  // The folder of the log's segments.
  std::string log_path() const { return path_ + "/log"; }
  std::string reserve_path() const { return path_ + "/reserve"; }
  // How far delivery results have been exported; mostly missing.
  std::string export_cursor_path() const { return path_ + "/export.cursor"; }
  // The folder of the workers' stored sessions; exists, mode 0700.
  std::string sessions_path() const { return path_ + "/sessions"; }

 private:
  DataDirectory(std::string path, int lock_fd)
      : path_(std::move(path)), lock_fd_(lock_fd) {}
  const std::string path_;
  const int lock_fd_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DATA_DIRECTORY_H_
