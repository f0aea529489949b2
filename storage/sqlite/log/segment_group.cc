#include "storage/sqlite/log/segment_group.h"

#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/log_statements.h"
#include "storage/sqlite/log/posting_block.h"

namespace mqttpush {
namespace {

// One new id in 200 is looked for in a group's segments for nothing, where
// their own filters say no. More bits would cost more than that.
constexpr size_t kBitsPerKey = 12;

absl::Status AddIds(const Segment& segment, SegmentReaders& readers,
                    KeyFilter& filter) {
  MQTTPUSH_ASSIGN_OR_RETURN(SegmentReaders::Lease reader,
                            readers.Borrow(segment));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader.get()->Get(kBlocksFromSql));
  StatementReset reset(select);
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  select->Bind(0, static_cast<int>(Dimension::kEventById))
      .Bind(1, kFirst)
      .Bind(2, kFirst)
      .Bind(3, kFirst);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return absl::OkStatus();
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::vector<KeyedPosting> block,
        UnpackPostings({select->Int64(0), {select->Int64(1), select->Int64(2)}},
                       select->Bytes(3)));
    for (const KeyedPosting& posting : block) {
      filter.Add(Dimension::kEventById, posting.key);
    }
  }
}

// `segments`: all there are. The newest of them is never sealed.
bool IsComplete(const SegmentGroup& group, const Segments& segments) {
  return !group.segments.empty() && group.segments.back() != segments.back() &&
         absl::c_all_of(group.segments, [](const SegmentPtr& segment) {
           return segment->sealed();
         });
}

}  // namespace

int64_t GroupNumber(int64_t segment_number) {
  return segment_number / kSegmentsOfGroup;
}

bool InGroupFilter(const Segment& segment) {
  return segment.filter != nullptr && !segment.summary.accept_times_us.empty();
}

bool LacksFilter(const SegmentGroup& group) {
  return absl::c_any_of(group.segments, [](const SegmentPtr& segment) {
    return InGroupFilter(*segment) && segment->group_filter == nullptr;
  });
}

bool LacksFile(const SegmentGroup& group) {
  return absl::c_any_of(group.segments, [](const SegmentPtr& segment) {
    return segment->group_file == nullptr;
  });
}

SegmentGroup GroupOf(const Segments& segments, int64_t number) {
  SegmentGroup group;
  for (const SegmentPtr& segment : segments) {
    if (GroupNumber(segment->number) == GroupNumber(number)) {
      group.segments.push_back(segment);
    }
  }
  group.complete = IsComplete(group, segments);
  return group;
}

std::vector<SegmentGroup> GroupsToComplete(const Segments& segments) {
  std::vector<SegmentGroup> groups;
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool begins = i == 0 || GroupNumber(segments[i]->number) !=
                                      GroupNumber(segments[i - 1]->number);
    if (begins) groups.emplace_back();
    groups.back().segments.push_back(segments[i]);
  }
  std::erase_if(groups, [&](SegmentGroup& group) {
    group.complete = IsComplete(group, segments);
    return !group.complete || !(LacksFilter(group) || LacksFile(group));
  });
  return groups;
}

absl::StatusOr<std::shared_ptr<const KeyFilter>> MakeGroupFilter(
    const SegmentGroup& group, SegmentReaders& readers) {
  int64_t events = 0;
  for (const SegmentPtr& segment : group.segments) {
    if (!InGroupFilter(*segment)) continue;
    events += segment->summary.last_event_seq - segment->first_event_seq + 1;
  }
  auto filter = std::make_shared<KeyFilter>(events, kBitsPerKey);
  for (const SegmentPtr& segment : group.segments) {
    if (!InGroupFilter(*segment)) continue;
    MQTTPUSH_RETURN_IF_ERROR(AddIds(*segment, readers, *filter));
  }
  return std::shared_ptr<const KeyFilter>(std::move(filter));
}

}  // namespace mqttpush
