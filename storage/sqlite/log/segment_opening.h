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
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_writer.h"
#include "storage/sqlite/log/subscription_states.h"

namespace mqttpush {

struct OpenedSegment {
  std::shared_ptr<Segment> segment;
  absl::Time last_accept_time;  // of the last event, of it or an earlier one
};

// Opens a segment's file. A sealed one is as large as it says; all of one that
// is not sealed is checked, and its index rebuilt. Its filter is read when it
// has an event that was accepted at `filter_since` or later. NOT_FOUND: it
// never began, a crash came before. DATA_LOSS: it is damaged.
absl::StatusOr<OpenedSegment> OpenSegment(
    int64_t number, const std::string& path,
    absl::Time filter_since = absl::InfinitePast());

// The version of the schema that this program writes and reads.
inline constexpr int64_t kSegmentSchemaVersion = 2;
// FAILED_PRECONDITION for another one: it is no damage, and nothing of it may
// be touched.
absl::Status CheckVersion(int64_t version, const std::string& path);

// What an open segment says of itself; nothing is checked. NOT_FOUND as above.
absl::StatusOr<OpenedSegment> ReadSegment(
    Database& db, int64_t number, const std::string& path,
    absl::Time filter_since = absl::InfinitePast());

// DATA_LOSS when the file has not the size that it says.
absl::Status CheckSize(Database& db, const std::string& path);

// What OpenSegment does not do with a sealed one. DATA_LOSS as there.
absl::Status CheckAllPages(const Segment& segment);

// Rebuilds the index of a segment that is not sealed, by one pass over its
// rows. `find_event` looks for an event of an older segment.
using FindEvent =
    std::function<absl::StatusOr<std::optional<EventFacts>>(int64_t seq)>;
absl::Status LoadIndex(const Segment& segment, const FindEvent& find_event);
// The same into `index`, of a segment that is open, sealed or not.
absl::Status LoadIndex(Database& db, const Segment& segment,
                       const FindEvent& find_event, MemoryIndex& index);

// Reads what the newest segment says of those that retention dropped.
absl::StatusOr<DroppedSegments> ReadDropped(const Segment& segment);
absl::StatusOr<DroppedSegments> ReadDropped(Database& db);

// Of the last attempt that was recorded in it or before it; 0: none was.
absl::StatusOr<int64_t> ReadLastRecordedTicks(const Segment& segment);

// Reads the state of the subscriptions: of the newest segment as it is, of an
// older one as it was when the next began.
absl::Status ReadStates(const Segment& segment, SubscriptionStates& states);
absl::Status ReadStates(Database& db, SubscriptionStates& states);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_OPENING_H_
