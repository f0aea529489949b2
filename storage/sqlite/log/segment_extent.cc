#include "storage/sqlite/log/segment_extent.h"

#include <algorithm>

#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {
namespace {

// An imported one holds events that came before it was made.
absl::Time BeginOf(const Segment& segment) {
  const Range times = segment.Bounds().accept_times_us;
  return times.empty()
             ? segment.create_time
             : std::min(segment.create_time, absl::FromUnixMicros(times.first));
}

// The last time that it is known to have been written.
absl::Time LastOf(const Segment& segment) {
  const Range times = segment.Bounds().accept_times_us;
  return times.empty() ? segment.create_time : absl::FromUnixMicros(times.last);
}

}  // namespace

LogExtent ExtentOf(const Segments& segments) {
  LogExtent extent;
  const Segment* before = nullptr;
  for (const SegmentPtr& segment : segments) {
    if (segment->outlived_newer) continue;
    if (before == nullptr) {
      extent.begin = BeginOf(*segment);
      extent.from_the_first = segment->number == 1;
    } else if (segment->number > before->number + 1) {
      extent.gaps.push_back(
          {.start = LastOf(*before),
           .end = segment->create_time,
           .files = static_cast<int>(segment->number - before->number - 1)});
    }
    before = segment.get();
  }
  return extent;
}

}  // namespace mqttpush
