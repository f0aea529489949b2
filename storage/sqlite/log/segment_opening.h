// How segments are read when the log is opened.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_OPENING_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_OPENING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_writer.h"
#include "storage/sqlite/log/subscription_states.h"

namespace mqttpush {

struct OpenedSegment {
  std::shared_ptr<Segment> segment;
  absl::Time last_accept_time;  // of the last event, of it or an earlier one
};

// Opens a segment's file. A sealed one is as large as it says; all of one that
// is not sealed is checked, and its index rebuilt. NOT_FOUND: it never began, a
// crash came before. DATA_LOSS: it is damaged.
absl::StatusOr<OpenedSegment> OpenSegment(int64_t number,
                                          const std::string& path);

// What OpenSegment does not do with a sealed one. DATA_LOSS as there.
absl::Status CheckAllPages(const Segment& segment);

// Rebuilds the index of a segment that is not sealed, by one pass over its
// rows. `find_event` looks for an event of an older segment.
using FindEvent = std::function<std::optional<EventFacts>(int64_t seq)>;
absl::Status LoadIndex(const Segment& segment, const FindEvent& find_event);

// Reads what the newest segment says of those that retention dropped.
absl::StatusOr<DroppedSegments> ReadDropped(const Segment& segment);

// Reads the state of the subscriptions: of the newest segment as it is, of an
// older one as it was when the next began.
absl::Status ReadStates(const Segment& segment, SubscriptionStates& states);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_OPENING_H_
