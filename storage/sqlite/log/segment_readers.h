// SegmentReaders: read-only connections to segments, kept open between uses.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_READERS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_READERS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "common/mutex.h"
#include "storage/sqlite/log/segment.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Thread-safe. Never waits: as many connections are open as are in use, and
// after use kMaxIdle of those used last: a page of one asset's deliveries may
// come from half as many segments as it has rows, and to open one anew costs
// more than to read from it. Each takes up to 0.2 MiB.
class SegmentReaders {
 public:
  static constexpr size_t kMaxIdle = 256;

  // A loan; gives the connection back at its end. The readers outlive it.
  class Lease {
   public:
    Lease(Lease&&) = default;
    ~Lease();
    Reader* get() const { return reader_.get(); }

   private:
    friend class SegmentReaders;
    Lease(SegmentReaders* readers, int64_t number, bool sealed,
          std::unique_ptr<Reader> reader)
        : readers_(readers),
          number_(number),
          sealed_(sealed),
          reader_(std::move(reader)) {}
    SegmentReaders* readers_;
    int64_t number_;
    bool sealed_;
    std::unique_ptr<Reader> reader_;
  };

  absl::StatusOr<Lease> Borrow(const Segment& segment)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Closes what is idle of a segment, and keeps nothing of it open from now on.
  // `sealed`: the connections opened after it was sealed, else those before.
  void Retire(int64_t number, bool sealed) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Idle {
    int64_t number;
    bool sealed;
    std::unique_ptr<Reader> reader;
  };
  void GiveBack(Idle idle) ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  std::list<Idle> idle_ ABSL_GUARDED_BY(mutex_);  // used last: first
  std::set<std::pair<int64_t, bool>> retired_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_READERS_H_
