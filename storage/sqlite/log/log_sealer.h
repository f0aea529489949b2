// LogSealer: the thread that seals the segments that are full, makes the
// filters of their groups, and removes the files of those that were dropped.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_SEALER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_SEALER_H_

#include <deque>
#include <memory>
#include <thread>

#include "common/mutex.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/log/segment_group.h"
#include "storage/sqlite/log/segment_store.h"

namespace mqttpush {

// Thread-safe.
class LogSealer {
 public:
  // Takes up what an earlier run left unsealed, and groups without what they
  // should have. `store` must outlive it.
  explicit LogSealer(SegmentStore* store);
  // Finishes the segment it is at; the others are for the next run.
  ~LogSealer();

  // `db`: the segment's, where nobody writes any more; nullptr to open it.
  void Seal(SegmentPtr segment, std::unique_ptr<Database> db)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Removes the files of a segment that is not in the list any more: before it
  // seals the next one, for sealing needs the room. What it does not come to is
  // removed when the log is opened.
  void Remove(SegmentPtr segment) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until all that was handed in is sealed or removed. For tests.
  void WaitUntilIdle() ABSL_LOCKS_EXCLUDED(mutex_);

  // What sealing has cost so far.
  struct Cost {
    int64_t segments = 0;
    int64_t rows = 0;
    int64_t index_bytes = 0;  // by which the files grew
    absl::Duration wall;
    absl::Duration cpu;
  };
  Cost cost() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether a segment is being sealed now.
  bool busy() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // To seal a segment, unless it is sealed, and then to complete its group; or
  // to remove it.
  struct Task {
    SegmentPtr segment;
    std::unique_ptr<Database> db;
    bool remove = false;
  };
  static constexpr absl::Duration kRetryAfter = absl::Seconds(10);

  // Free room that sealing leaves alone, beside that for its own files.
  static constexpr uint64_t kLeastRoom = 64 << 20;

  void Run();
  void RemoveOne(const Segment& segment);
  absl::Status CheckRoom(const Segment& segment);
  absl::Status SealOne(Task& task);
  // When it has all its segments.
  void CompleteGroupOf(const Segment& segment);
  absl::Status MakeFilterOf(const SegmentGroup& group);
  absl::Status MakeFilterFileOf(const SegmentGroup& group);
  void NoteCost(const Cost& cost) ABSL_LOCKS_EXCLUDED(mutex_);

  SegmentStore* const store_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  Cost cost_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_SEALER_H_
