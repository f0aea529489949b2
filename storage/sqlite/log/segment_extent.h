// ExtentOf: which time the segments of the log tell of.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_EXTENT_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_EXTENT_H_

#include "storage/log_extent.h"
#include "storage/sqlite/log/segment.h"

namespace mqttpush {

// Those that have outlived newer ones tell only of what has not ended, and do
// not count. From there on a number that is missing is a damaged file that was
// set aside, or one that was lost.
LogExtent ExtentOf(const Segments& segments);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_EXTENT_H_
