// CheckSegment: whether one segment holds what it says, and its index finds it.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_CHECK_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment_opening.h"
#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {

// One thing that is not as it must be.
struct CheckFinding {
  std::string file;     // within the data directory
  std::string what;     // is wrong
  std::string follows;  // from it
};

struct SegmentCheck {
  int64_t number = 0;
  std::string file;    // within the data directory
  int64_t bytes = 0;   // with its WAL
  bool began = false;  // false: a crash came first; the service removes it
  bool sealed = false;
  bool dropped = false;  // by retention, but for the file
  int64_t first_event_seq = 0;
  int64_t first_attempt_seq = 0;
  int64_t exceptions = 0;  // that began in it
  // Retention keeps it, or may: an event of it is still to be delivered, or it
  // has attempts at such a one.
  bool holds_undelivered = false;
  // All rows were there and were counted: the summary is true.
  bool counted = false;
  SegmentSummary summary;
  std::vector<CheckFinding> findings;

  int64_t events() const {
    return counted ? summary.last_event_seq + 1 - first_event_seq : 0;
  }
  int64_t attempts() const {
    return counted ? summary.last_attempt_seq + 1 - first_attempt_seq : 0;
  }
};

// Checks the segment that is open as `db`, within a transaction of the caller's
// if it is being written, and fills in the rest of `check`, which has number
// and file. The index of a sealed one is made anew from its rows and compared
// with the one in the file, posting by posting. `find_event`: asset key and
// type of an event of an older segment. What cannot be read is a finding too.
void CheckSegment(Database& db, const std::string& path,
                  const FindEvent& find_event, SegmentCheck& check);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_CHECK_H_
