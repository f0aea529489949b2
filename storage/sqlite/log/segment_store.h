// SegmentStore: the folder of the segments, and the way to read them.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_STORE_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/log/event_holds.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_readers.h"
#include "storage/sqlite/log/segment_writer.h"
#include "storage/sqlite/log/subscription_states.h"

namespace mqttpush {

// Thread-safe.
class SegmentStore {
 public:
  // Makes the folder (mode 0700) when it is missing, and opens its segments.
  // One that is damaged is set aside, and what it held is missing from now on:
  // that is logged as an error, and the audit will tell what is affected.
  //
  // `filters_since`: sealed ones get their filter when they have an event that
  // was accepted then or later; the filters are nearly all that a start reads.
  static absl::StatusOr<std::unique_ptr<SegmentStore>> Open(
      const std::string& directory,
      absl::Time filters_since = absl::InfinitePast());

  // The state of all subscriptions, as last committed.
  SubscriptionStates& states() { return states_; }
  SegmentList& list() { return list_; }
  SegmentReaders& readers() { return readers_; }
  EventHolds& holds() { return *holds_; }
  const std::string& directory() const { return directory_; }

  // What the writer goes on with. Seqs of events that were lost with a damaged
  // segment are not given again.
  struct WritePosition {
    int64_t next_segment_number = 1;
    int64_t next_event_seq = 1;
    int64_t next_attempt_seq = 1;
    absl::Time last_accept_time = absl::UnixEpoch();
    int64_t last_recorded_ticks = 0;
    DroppedSegments dropped;
  };
  const WritePosition& position_at_open() const { return position_; }

  std::string PathOf(int64_t number) const;
  // Of the filter of the group of the segment of this number.
  std::string GroupFilePathOf(int64_t number) const;
  // Takes a segment out of the list and removes its files.
  absl::Status Remove(const Segment& segment);
  // Takes a damaged one out of the list, and its files into the folder
  // "set-aside", for a person to look at. Does nothing to the newest one, which
  // is being written.
  void SetAside(const Segment& segment, const absl::Status& damage);

 private:
  SegmentStore(std::string directory, absl::Time filters_since)
      : directory_(std::move(directory)), filters_since_(filters_since) {}
  absl::Status OpenSegments();
  // `newest`: none of a higher number is there.
  absl::Status OpenOne(int64_t number, bool newest);
  // DATA_LOSS unless its numbers follow those of the one before.
  absl::Status CheckOrder(const Segment& segment) const;
  // Of the newest segment whose states can be read.
  absl::Status ReadNewestStates();
  // Whether one must have been where the position is now, after the last one.
  bool SuccessorIsLost() const;
  // Moves the position over the number and the seqs of a lost segment.
  void PassOverLost();
  // Notes that those from the position up to `number`, exclusive, are not
  // there.
  void NoteMissing(int64_t number);
  absl::Status RemoveDropped();
  // Takes up what there is, and removes those of groups that are gone.
  absl::Status OpenGroupFiles();
  // Of all tenants, from what their subscriptions have not done yet.
  void CountOutboxes();
  void RemoveGroupFileUnlessUsed(int64_t number);
  void MoveAside(int64_t number, const std::string& path,
                 const absl::Status& damage);

  const std::string directory_;
  const absl::Time filters_since_;
  SegmentList list_;
  SegmentReaders readers_;
  const std::shared_ptr<EventHolds> holds_ = std::make_shared<EventHolds>();
  SubscriptionStates states_;
  WritePosition position_;
  std::vector<int64_t> missing_;  // numbers, dropped ones among them
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_STORE_H_
