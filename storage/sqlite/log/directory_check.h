// CheckDataDirectory: verifies a data directory without changing it, and tells
// what it holds.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_CHECK_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/config_snapshot.h"
#include "storage/sqlite/directory_reading.h"
#include "storage/sqlite/log/log_check.h"

namespace mqttpush {

struct DirectoryCheck {
  struct File {
    std::string name;  // within the directory
    int64_t bytes = 0;
    std::string note;  // what it is
  };

  DirectoryUse use;
  bool has_config = false;
  int64_t config_version = 0;
  int64_t config_bytes = 0;
  ConfigSnapshot config;  // empty when it could not be read
  LogCheck log;
  std::vector<File> sessions;
  std::vector<File> others;  // of earlier versions, set aside, or not ours

  // Of the configuration, and of it and the log together.
  std::vector<CheckFinding> findings;
  // All, those of the log and its segments too.
  std::vector<CheckFinding> AllFindings() const;
};

// FAILED_PRECONDITION and NOT_FOUND as CheckDataDirectory.
absl::Status CheckIsDataDirectory(const std::string& path);

// Reads everything from outside, while a service is running on it or not; of a
// running one, see CheckLog. NOT_FOUND: there is no such directory.
// FAILED_PRECONDITION: it is none of ours. ABORTED: services came and went
// while it was read.
absl::StatusOr<DirectoryCheck> CheckDataDirectory(const std::string& path);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_CHECK_H_
