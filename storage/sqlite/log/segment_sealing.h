// How a segment becomes sealed.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SEALING_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SEALING_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment.h"

namespace mqttpush {

// Writes the index of `segment`, which nothing is added to any more, into its
// file, and gives back the sealed one. `db` is the segment, open for writing;
// it is closed. After an error, or a crash at any point, the segment is not
// sealed and can be sealed again.
absl::StatusOr<SegmentPtr> SealSegment(const Segment& segment, Database db);

// The sum that a sealed segment's `index_checksum` must be. Reads all of its
// index.
absl::StatusOr<int64_t> IndexChecksum(Database& db);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SEALING_H_
