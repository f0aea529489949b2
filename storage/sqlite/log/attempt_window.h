// AttemptWindow: the next attempts of one segment that may answer a query, by
// number, in the order of their commits.
//
// The index of a segment has attempts by the time they began, and the order in
// which they were recorded is another: one that waited long for its answer
// comes late. So a pass over the postings of the one key that promises the
// fewest keeps the lowest numbers after the position. Each pass costs as much
// as the key has postings, some nanoseconds each, and gives kRows numbers.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_WINDOW_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_WINDOW_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/history_reader.h"
#include "storage/sqlite/log/posting_cursor.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

struct AttemptWindow {
  // At most so many; 32 KiB for who follows.
  static constexpr size_t kRows = 4096;

  int64_t segment = 0;        // its number
  std::vector<int64_t> rows;  // attempt_seqs, rising
  // No other attempt of the segment up to this one matches.
  int64_t through = 0;
};

// Finds the windows of one query. Thread-compatible.
class AttemptWindows {
 public:
  AttemptWindows(const HistoryQuery& query, std::optional<bool> succeeded);

  // The attempts after `after` up to `last`, as many as a window holds. `last`
  // was recorded before the call.
  absl::StatusOr<AttemptWindow> Find(ReadSession& session,
                                     const Segment& segment, int64_t after,
                                     int64_t last);

 private:
  // The newest attempts of the tenant, when these are few enough to be read one
  // by one; false: they are not.
  bool FindInTail(const Segment& segment, int64_t after,
                  AttemptWindow& window) const;
  absl::Status FindByKey(ReadSession& session, const Segment& segment,
                         int64_t after, AttemptWindow& window) const;
  absl::Status FindNamed(ReadSession& session, const Segment& segment,
                         int64_t after, AttemptWindow& window);
  // Brings named_ up to the attempts through `last`.
  absl::Status ResolveNames(ReadSession& session, int64_t last);

  const HistoryQuery query_;
  const PostingQuery plan_;
  // The events that the query names, as of the attempts up to named_through_:
  // an event is in the log before its first attempt.
  std::vector<EventRecord> named_;
  int64_t named_through_ = -1;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_WINDOW_H_
