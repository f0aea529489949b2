#include "storage/sqlite/log/event_holds.h"

#include "absl/algorithm/container.h"

namespace mqttpush {

EventHold EventHolds::Hold(int64_t seq) {
  MutexLock lock(&mutex_);
  if (absl::c_any_of(dropping_, [seq](const Range& range) {
        return range.Contains(seq);
      })) {
    return nullptr;
  }
  held_.insert(seq);
  return EventHold(this, [self = shared_from_this(), seq](const void*) {
    self->Release(seq);
  });
}

void EventHolds::Release(int64_t seq) {
  MutexLock lock(&mutex_);
  held_.erase(held_.find(seq));
}

bool EventHolds::BeginDropping(const Range& seqs) {
  MutexLock lock(&mutex_);
  const auto held = held_.lower_bound(seqs.first);
  if (held != held_.end() && *held <= seqs.last) return false;
  dropping_.push_back(seqs);
  return true;
}

void EventHolds::EndDropping() {
  MutexLock lock(&mutex_);
  dropping_.clear();
}

}  // namespace mqttpush
