// What a database is as files: the file itself and what SQLite keeps beside it.
#ifndef MQTTPUSH_STORAGE_SQLITE_DATABASE_FILES_H_
#define MQTTPUSH_STORAGE_SQLITE_DATABASE_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqttpush {

// Of the file, without its WAL. 0 when there is none.
int64_t FileSize(const std::string& path);

// True when commits are in the WAL of `path` that may not be in the file yet.
bool HasWal(const std::string& path);

// True when the file is there, be it empty, or one that SQLite keeps beside it.
bool HasAnyFile(const std::string& path);
// Removes the database. OK when there is none.
absl::Status RemoveDatabaseFiles(const std::string& path);

// Moves the database, which nobody has open. An existing one at `to` is lost.
absl::Status MoveDatabaseFiles(const std::string& from, const std::string& to);

// Makes it durable that the folder of `path` holds it, or not any more.
absl::Status SyncDirectoryOf(const std::string& path);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_DATABASE_FILES_H_
