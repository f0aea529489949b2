#include "storage/sqlite/log/segment_readers.h"

#include <algorithm>

#include "common/status_macros.h"

namespace mqttpush {

SegmentReaders::Lease::~Lease() {
  if (reader_ == nullptr) return;
  readers_->GiveBack({number_, sealed_, std::move(reader_)});
}

absl::StatusOr<SegmentReaders::Lease> SegmentReaders::Borrow(
    const Segment& segment) {
  const bool sealed = segment.sealed();
  {
    MutexLock lock(&mutex_);
    const auto found =
        std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) {
          return idle.number == segment.number && idle.sealed == sealed;
        });
    if (found != idle_.end()) {
      Lease lease(this, segment.number, sealed, std::move(found->reader));
      idle_.erase(found);
      return lease;
    }
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto reader,
      Reader::Open(segment.path, sealed ? Database::Mode::kImmutable
                                        : Database::Mode::kReadOnly));
  return Lease(this, segment.number, sealed, std::move(reader));
}

void SegmentReaders::Retire(int64_t number, bool sealed) {
  std::list<Idle> closed;  // outside the lock
  MutexLock lock(&mutex_);
  retired_.insert({number, sealed});
  for (auto at = idle_.begin(); at != idle_.end();) {
    const auto next = std::next(at);
    if (at->number == number && at->sealed == sealed) {
      closed.splice(closed.end(), idle_, at);
    }
    at = next;
  }
}

void SegmentReaders::GiveBack(Idle idle) {
  std::list<Idle> closed;
  MutexLock lock(&mutex_);
  const bool retired = retired_.contains({idle.number, idle.sealed});
  auto& keep = retired ? closed : idle_;
  keep.push_front(std::move(idle));
  if (idle_.size() > kMaxIdle) {
    closed.splice(closed.end(), idle_, std::prev(idle_.end()));
  }
}

}  // namespace mqttpush
