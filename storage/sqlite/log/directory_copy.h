// CopyDataDirectory: a consistent copy of a data directory, taken while a
// service is running on it or not. The one way of backup and restore.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_COPY_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_COPY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/directory_reading.h"

namespace mqttpush {

struct DirectoryCopy {
  DirectoryUse use;  // of the directory that was copied
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t segments = 0;  // of the files
  // Those that were gone or dropped before the end, by name.
  std::vector<std::string> left_out;
};

// Before each file: what is done so far, and about how much there is in all.
using CopyProgress = std::function<void(
    const std::string& file, int64_t bytes_done, int64_t bytes_in_all)>;

// Copies the data directory `from` to `to`, which is missing or empty, with
// modes 0700 and 0600, and brings it to the disk.
//
// The log is copied from the oldest segment to the newest one, and again what
// was newest while another one began. The newest holds the state of all
// deliveries, and what is in the others was complete before it began: so the
// copy is of the moment in which the newest one was copied. The configuration
// comes last: it then knows each subscription that the log names. How far
// results were exported (export.cursor) comes first, so that none is left out
// by the service that goes on with the copy; some are exported twice. The
// workers' sessions are not copied: packet ids of an older moment must not be
// used again.
//
// Everything is written to `to`.unfinished first (in a `to` that is a mount
// point, to unfinished within it) and renamed at the end; after an error that
// is removed again.
//
// NOT_FOUND, FAILED_PRECONDITION: `from` is missing or no data directory.
// ALREADY_EXISTS: `to` or its unfinished one is there. ABORTED as
// CheckDataDirectory.
absl::StatusOr<DirectoryCopy> CopyDataDirectory(const std::string& from,
                                                const std::string& to,
                                                const CopyProgress& progress);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DIRECTORY_COPY_H_
