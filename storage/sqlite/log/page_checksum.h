// The checksum of the pages of a sealed segment: rows, index and all else.
//
// Taken of the file, not of the rows: to read those by SQL would make sealing
// half as dear again.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_PAGE_CHECKSUM_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_PAGE_CHECKSUM_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Reads the whole file of `db`, which has no WAL. Leaves out SQLite's header,
// which tells of the writing, and the page of the table page_checksum, where
// the sum is kept.
absl::StatusOr<int64_t> PageChecksum(Database& db, const std::string& path);

// Writes the sum, as the last thing that is written into the file, and empties
// the WAL.
absl::Status WritePageChecksum(Database& db, const std::string& path);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_PAGE_CHECKSUM_H_
