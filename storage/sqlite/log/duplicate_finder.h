// DuplicateFinder: whether a tenant has used an event id before.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// For the events of one commit. Thread-compatible.
class DuplicateFinder {
 public:
  // Events accepted before `since` do not count. `store` must outlive it.
  DuplicateFinder(SegmentStore* store, absl::Time since)
      : session_(store), since_(since) {}

  // True: an event of this id is in the log, or was asked for before. `event`
  // must outlive this; `key` is the TextKey of its id.
  absl::StatusOr<bool> IsDuplicate(const NewEvent& event, int64_t key);

 private:
  absl::StatusOr<bool> IsIn(const Segment& segment, const NewEvent& event,
                            int64_t key);

  ReadSession session_;
  const absl::Time since_;
  // (tenant uid, event id)
  absl::flat_hash_set<std::pair<int64_t, absl::string_view>> asked_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DUPLICATE_FINDER_H_
