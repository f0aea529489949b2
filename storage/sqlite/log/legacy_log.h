// ImportLegacyLog: takes over log.db, the one file that the log was before it
// had segments.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LEGACY_LOG_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LEGACY_LOG_H_

#include <string>

#include "absl/status/status.h"

namespace mqttpush {

// Makes the folder `directory` of what is in `legacy_path`, and renames that to
// "….imported", to be removed by a person. Does nothing when there is no such
// file. After a crash or an error, nothing is lost: call it again.
absl::Status ImportLegacyLog(const std::string& legacy_path,
                             const std::string& directory);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LEGACY_LOG_H_
