// How the files of a data directory are read from outside, without changing
// any, while a service may be running on it.
#ifndef MQTTPUSH_STORAGE_SQLITE_DIRECTORY_READING_H_
#define MQTTPUSH_STORAGE_SQLITE_DIRECTORY_READING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Whether a service has a data directory, at one moment.
struct DirectoryUse {
  bool in_use = false;
  std::string holder;        // "process 123"; only of one in use
  int64_t lock_time_ns = 0;  // when its lock was last taken; 0: never
  bool operator==(const DirectoryUse&) const = default;
};
DirectoryUse LookAtUse(const std::string& directory);

// Opens a database of the directory. `use` tells how: with the locks that its
// service respects, or without leaving a trace. When nobody had the directory
// and it has been taken since (LookAtUse says something else), what was read
// does not count. NOT_FOUND when there is no such file.
absl::StatusOr<Database> OpenFromOutside(const std::string& path,
                                         const DirectoryUse& use);

// Every page, and what an index says of its table. DATA_LOSS: it is damaged.
absl::Status CheckIntegrity(Database& db);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DIRECTORY_READING_H_
