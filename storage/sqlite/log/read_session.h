// ReadSession: reads rows and indexes of the segments for one call, over as few
// connections as it can.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_READ_SESSION_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_READ_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/sqlite/log/posting_index.h"
#include "storage/sqlite/log/sealed_index.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_readers.h"

namespace mqttpush {

class SegmentStore;

// Sees the segments that were there when it began. A segment that proves to be
// damaged is set aside, and the call that found it fails with DATA_LOSS; the
// next one does without. Thread-compatible.
class ReadSession {
 public:
  // `store` must outlive it.
  explicit ReadSession(SegmentStore* store);

  // So many segments are open at once; for another one that which was used
  // longest ago is given back.
  static constexpr size_t kMostOpen = 64;

  const Segments& segments() const { return *segments_; }
  size_t open_count() const { return open_.size(); }

  // False: certainly not. By the filter in memory, or, beyond the window of
  // duplicates, by the file of the segment's group.
  bool MayContain(const Segment& segment, Dimension dimension, int64_t key);

  // As PostingIndex.
  absl::StatusOr<std::vector<Posting>> Before(const Segment& segment,
                                              Dimension dimension, int64_t key,
                                              Posting before, size_t limit);
  absl::StatusOr<std::vector<Posting>> After(const Segment& segment,
                                             Dimension dimension, int64_t key,
                                             Posting after, size_t limit);

  // Absent when it is not in the log (any more).
  absl::StatusOr<std::optional<EventRecord>> FindEvent(
      int64_t seq, bool with_payload = false);
  absl::StatusOr<std::optional<EventRecord>> FindEvent(const Segment& segment,
                                                       int64_t seq,
                                                       bool with_payload);
  // Those that an index names, with the payload.
  absl::StatusOr<EventRecord> ReadEvent(const Segment& segment, int64_t seq);
  absl::StatusOr<AttemptRecord> ReadAttempt(const Segment& segment,
                                            int64_t attempt_seq);
  absl::StatusOr<int64_t> ReadRecordedTicks(const Segment& segment,
                                            int64_t attempt_seq);
  // The exception as this segment has it: see its table.
  absl::StatusOr<std::optional<DeliveryException>> FindException(
      const Segment& segment, int64_t tenant_uid, int64_t event_seq,
      int64_t subscription_uid);
  absl::StatusOr<absl::Time> ReadAcceptTime(const Segment& segment,
                                            int64_t seq);
  // Absent when the event is not in the log (any more), or its segment proves
  // to be damaged.
  absl::StatusOr<std::optional<EventFacts>> FindEventFacts(int64_t seq);
  // The statement `sql` of a segment: see Reader::Get. Not to be used after the
  // next call.
  absl::StatusOr<Statement*> Get(const Segment& segment,
                                 const std::string& sql);

 private:
  struct Open {
    SegmentReaders::Lease lease;
    SealedIndex sealed_index;
    int64_t last_use = 0;
  };
  absl::StatusOr<Open*> OpenFor(const Segment& segment);
  void GiveBackUnlessFew();
  absl::StatusOr<bool> MayHaveException(const Segment& segment,
                                        int64_t tenant_uid, int64_t event_seq);
  absl::StatusOr<std::optional<EventFacts>> ReadEventFacts(
      const Segment& segment, int64_t seq);
  absl::Status Noted(const Segment& segment, absl::Status status);
  absl::Status NotThere(const Segment& segment, int64_t attempt_seq);

  SegmentStore* const store_;
  const std::shared_ptr<const Segments> segments_;
  std::map<int64_t, Open> open_;  // by number
  int64_t uses_ = 0;
  // The last answer of a group's file: segments of a group follow each other.
  struct Asked {
    const GroupFilterFile* file = nullptr;
    uint64_t hash = 0;
    bool may_contain = true;
  } asked_;
};

// Calls `read`, and once more when it failed and segments came or went
// meanwhile, which may be why.
template <typename Read>
auto ReadAgainIfChanged(const SegmentList& list, Read read)
    -> decltype(read()) {
  const auto before = list.Get();
  auto result = read();
  if (!result.ok() && list.Get() != before) return read();
  return result;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_READ_SESSION_H_
