// EventHolds: which events somebody needs for a moment, so that retention does
// not drop them meanwhile.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_EVENT_HOLDS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_EVENT_HOLDS_H_

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "common/mutex.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {

// Thread-safe. Made by make_shared: what it gives may outlive its owner.
class EventHolds : public std::enable_shared_from_this<EventHolds> {
 public:
  // nullptr: it is being dropped.
  EventHold Hold(int64_t seq) ABSL_LOCKS_EXCLUDED(mutex_);

  // False: one of these events is held. Otherwise none can be held from now on,
  // until EndDropping, when the log does not have them any more.
  bool BeginDropping(const Range& seqs) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndDropping() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Release(int64_t seq) ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  std::multiset<int64_t> held_ ABSL_GUARDED_BY(mutex_);
  std::vector<Range> dropping_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_EVENT_HOLDS_H_
