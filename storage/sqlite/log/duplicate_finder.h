// DuplicateFinder: whether a tenant has used an event id before.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// For the events of one commit. Thread-compatible.
class DuplicateFinder {
 public:
  // Events accepted before `since` do not count. `store` must outlive it.
  DuplicateFinder(SegmentStore* store, absl::Time since)
      : session_(store), since_(since) {}

  // For each of `events`, whether one of its id is in the log, or was asked for
  // before. They must outlive this; `keys` are the TextKeys of their ids.
  //
  // All are asked of one group of segments (segment_group.h) before the next
  // one is, and of a group those that it may hold of one segment after the
  // other: what is slow about a filter is that it is not in the processor's
  // caches.
  absl::StatusOr<std::vector<bool>> Find(const std::vector<NewEvent>& events,
                                         const std::vector<int64_t>& keys);

 private:
  // An event of which nothing is found yet.
  struct Open {
    const NewEvent* event = nullptr;
    int64_t key = 0;
    uint64_t hash = 0;
    size_t index = 0;
    bool found = false;
  };
  using OpenSpan = absl::Span<Open>;
  // Moves those that the group of `filter` may hold to the front. nullptr: any.
  static OpenSpan Possible(const KeyFilter* filter, OpenSpan open);
  absl::Status FindIn(const Segment& segment, OpenSpan open);
  // Notes it when the segment has the event. A damaged one has been set aside:
  // what it held is not known any more.
  absl::Status Look(const Segment& segment, Open& open);
  absl::StatusOr<bool> IsIn(const Segment& segment, const NewEvent& event,
                            int64_t key);

  ReadSession session_;
  const absl::Time since_;
  // (tenant uid, event id)
  absl::flat_hash_set<std::pair<int64_t, absl::string_view>> asked_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_
