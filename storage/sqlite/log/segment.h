// Segment: one file of the log, and SegmentList: all of them in order.
//
// The newest segment takes all that is written. When it is full the next one
// begins, and it is sealed in the background: its index is written into it, and
// it never changes again.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "storage/sqlite/log/key_filter.h"
#include "storage/sqlite/log/memory_index.h"
#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {

class GroupFilterFile;

// Immutable; what `memory` points to grows while it is the newest one.
struct Segment {
  int64_t number = 0;  // from 1, without reuse; names the file
  std::string path;
  int64_t first_event_seq = 1;
  int64_t first_attempt_seq = 1;
  absl::Time create_time;
  // The index until it is sealed, then nullptr.
  std::shared_ptr<MemoryIndex> memory;
  // Of a sealed one.
  SegmentSummary summary;
  // nullptr: not in memory, so that anything may be in the segment.
  std::shared_ptr<const KeyFilter> filter;
  // The event ids of this sealed segment and those of its group
  // (segment_group.h); nullptr: it has none (yet).
  std::shared_ptr<const KeyFilter> group_filter;
  // Of the keys of its group (group_filter_file.h); nullptr: it has none (yet).
  std::shared_ptr<const GroupFilterFile> group_file;
  int64_t bytes = 0;  // of the file of a sealed one
  // Retention has dropped one after it and kept this one for an event that was
  // not delivered. How its other deliveries ended may be told by no row any
  // more.
  bool outlived_newer = false;

  bool sealed() const { return memory == nullptr; }
  // Without the tallies.
  SegmentSummary Bounds() const;
  SubscriptionTally TallyOf(int64_t subscription_uid) const;
  // Whether an event of this sealed segment was accepted at that time or later.
  bool AcceptedSince(absl::Time since) const {
    return summary.accept_times_us.last >= absl::ToUnixMicros(since);
  }
  // By the filter in memory. False: certainly not. True for dimensions that it
  // leaves out. ReadSession knows more.
  bool MayContain(Dimension dimension, int64_t key) const;
  // Whether the key filter holds the keys of this dimension.
  static bool Filtered(Dimension dimension) {
    return dimension != Dimension::kAttemptsOfDelivery;
  }
};

using SegmentPtr = std::shared_ptr<const Segment>;
// Oldest first, the newest one last; not empty once the log is open.
using Segments = std::vector<SegmentPtr>;

// How many begin with this event or an earlier one.
size_t CountBegunBy(const Segments& segments, int64_t event_seq);
// The last of them; nullptr for none.
const Segment* FindByEventSeq(const Segments& segments, int64_t event_seq);

// Thread-safe. Who reads keeps the list as it was when they began.
class SegmentList {
 public:
  std::shared_ptr<const Segments> Get() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool Has(int64_t number) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Append(SegmentPtr segment) ABSL_LOCKS_EXCLUDED(mutex_);
  // The one of the same number; nothing happens when it is gone.
  void Replace(SegmentPtr segment) ABSL_LOCKS_EXCLUDED(mutex_);
  // Replaces those that `which` tells of by copies that `change` has changed.
  void Change(absl::FunctionRef<bool(const Segment&)> which,
              absl::FunctionRef<void(Segment&)> change)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // False: it was gone.
  bool Remove(int64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  // Likewise, by retention: those before it have outlived it. It need not be
  // there any more.
  void Drop(int64_t number) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Segments> segments_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Segments>();
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_H_
