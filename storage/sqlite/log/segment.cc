#include "storage/sqlite/log/segment.h"

#include <algorithm>
#include <utility>

namespace mqttpush {

SegmentSummary Segment::Bounds() const {
  if (memory != nullptr) return memory->SummaryWithoutTallies();
  return {.last_event_seq = summary.last_event_seq,
          .last_attempt_seq = summary.last_attempt_seq,
          .accept_times_us = summary.accept_times_us,
          .start_times_us = summary.start_times_us,
          .attempted_seqs = summary.attempted_seqs,
          .exception_seqs = summary.exception_seqs};
}

SubscriptionTally Segment::TallyOf(int64_t subscription_uid) const {
  return memory != nullptr ? memory->TallyOf(subscription_uid)
                           : summary.TallyOf(subscription_uid);
}

bool Segment::MayContain(Dimension dimension, int64_t key) const {
  return filter == nullptr || !Filtered(dimension) ||
         filter->MayContain(dimension, key);
}

size_t CountBegunBy(const Segments& segments, int64_t event_seq) {
  return std::partition_point(segments.begin(), segments.end(),
                              [&](const SegmentPtr& segment) {
                                return segment->first_event_seq <= event_seq;
                              }) -
         segments.begin();
}

const Segment* FindByEventSeq(const Segments& segments, int64_t event_seq) {
  const size_t begun = CountBegunBy(segments, event_seq);
  return begun == 0 ? nullptr : segments[begun - 1].get();
}

std::shared_ptr<const Segments> SegmentList::Get() const {
  MutexLock lock(&mutex_);
  return segments_;
}

bool SegmentList::Has(int64_t number) const {
  const auto segments = Get();
  return std::any_of(
      segments->begin(), segments->end(),
      [&](const SegmentPtr& segment) { return segment->number == number; });
}

void SegmentList::Append(SegmentPtr segment) {
  MutexLock lock(&mutex_);
  Segments next = *segments_;
  next.push_back(std::move(segment));
  segments_ = std::make_shared<const Segments>(std::move(next));
}

void SegmentList::Replace(SegmentPtr segment) {
  MutexLock lock(&mutex_);
  Segments next = *segments_;
  for (SegmentPtr& old : next) {
    if (old->number != segment->number) continue;
    auto changed = std::make_shared<Segment>(*segment);
    changed->outlived_newer = old->outlived_newer;
    old = std::move(changed);
  }
  segments_ = std::make_shared<const Segments>(std::move(next));
}

void SegmentList::Change(absl::FunctionRef<bool(const Segment&)> which,
                         absl::FunctionRef<void(Segment&)> change) {
  MutexLock lock(&mutex_);
  Segments next = *segments_;
  for (SegmentPtr& segment : next) {
    if (!which(*segment)) continue;
    auto changed = std::make_shared<Segment>(*segment);
    change(*changed);
    segment = std::move(changed);
  }
  segments_ = std::make_shared<const Segments>(std::move(next));
}

bool SegmentList::Remove(int64_t number) {
  MutexLock lock(&mutex_);
  Segments next = *segments_;
  const size_t removed = std::erase_if(next, [&](const SegmentPtr& segment) {
    return segment->number == number;
  });
  segments_ = std::make_shared<const Segments>(std::move(next));
  return removed > 0;
}

void SegmentList::Drop(int64_t number) {
  Change(
      [&](const Segment& one) {
        return one.number < number && !one.outlived_newer;
      },
      [](Segment& older) { older.outlived_newer = true; });
  Remove(number);
}

}  // namespace mqttpush
