// Groups of sealed segments, each with one filter over all their event ids: a
// new id, which none of them holds, is held against one filter of a group
// instead of one of each segment.
//
// A group is kSegmentsOfGroup neighbours by number, less those that retention
// has dropped. It is complete when all of them are sealed.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_GROUP_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_GROUP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/log/key_filter.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_readers.h"

namespace mqttpush {

inline constexpr int64_t kSegmentsOfGroup = 16;

// The number of the group of a segment of this number.
int64_t GroupNumber(int64_t segment_number);

struct SegmentGroup {
  std::vector<SegmentPtr> segments;  // oldest first
  bool complete = false;
};
// The group of the segment of this number, which need not be there.
SegmentGroup GroupOf(const Segments& segments, int64_t number);

// Whether the filter of its group holds the ids of a sealed segment: those that
// are within the window of duplicates, and so have a filter of their own.
bool InGroupFilter(const Segment& segment);

// Whether a complete group is without what it should have: the filter over the
// ids in those of the window, and the file over all keys.
bool LacksFilter(const SegmentGroup& group);
bool LacksFile(const SegmentGroup& group);
// The complete groups that lack either.
std::vector<SegmentGroup> GroupsToComplete(const Segments& segments);

// Reads the event ids' keys from the indexes of a complete group that is not
// empty. DATA_LOSS when one of them is damaged.
absl::StatusOr<std::shared_ptr<const KeyFilter>> MakeGroupFilter(
    const SegmentGroup& group, SegmentReaders& readers);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_GROUP_H_
