// CheckLog: verifies the folder of the log, and tells what it holds.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_CHECK_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_CHECK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/conservation_audit.h"
#include "storage/event_log.h"
#include "storage/sqlite/directory_reading.h"
#include "storage/sqlite/log/segment_check.h"

namespace mqttpush {

struct LogCheck {
  std::vector<SegmentCheck> segments;  // oldest first
  // Of the log as a whole.
  std::vector<CheckFinding> findings;
  std::vector<std::string> set_aside;  // files of damaged segments

  // Of the newest segment: the subscriptions by uid, with their retrying_count,
  // and what retention has dropped.
  std::vector<SubscriptionState> states;
  DroppedSegments dropped;

  // Whether the audit was made; it needs every segment.
  bool audited = false;
  ConservationReport audit;
};

// Reads the segments of `directory` (DataDirectory::log_path()) from outside:
// nothing is changed, and `use` says how. Of a log that is being written the
// answer is of the moment in which the newest segment was read; segments that
// retention dropped meanwhile are left out.
absl::StatusOr<LogCheck> CheckLog(const std::string& directory,
                                  const DirectoryUse& use);

// The numbers of the segments in the folder, in order; empty when there is
// none.
std::vector<int64_t> ListSegments(const std::string& directory);
// The last one that has begun; a damaged one has, too. 0: there is none.
int64_t FindNewestSegment(const std::string& directory,
                          const DirectoryUse& use);
std::string SegmentPath(const std::string& directory, int64_t number);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_CHECK_H_
