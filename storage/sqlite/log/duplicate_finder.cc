#include "storage/sqlite/log/duplicate_finder.h"

#include "common/status_macros.h"

namespace mqttpush {

absl::StatusOr<std::vector<bool>> DuplicateFinder::Find(
    const std::vector<NewEvent>& events, const std::vector<int64_t>& keys) {
  std::vector<bool> duplicates(events.size(), true);
  std::vector<Open> open;
  open.reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    const NewEvent& event = events[i];
    if (!asked_.insert({event.tenant_uid, event.event_id}).second) continue;
    open.push_back({.event = &event,
                    .key = keys[i],
                    .hash = KeyFilter::HashOf(Dimension::kEventById, keys[i]),
                    .index = i});
  }
  // The newest first: what is repeated is mostly repeated soon.
  const Segments& segments = session_.segments();
  for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
    const Range& accepted = (*at)->summary.accept_times_us;
    const bool sealed = (*at)->sealed();
    if (sealed && accepted.empty()) continue;  // it holds attempts only
    if (sealed && accepted.last < absl::ToUnixMicros(since_)) break;
    MQTTPUSH_RETURN_IF_ERROR(FindIn(**at, open));
    std::erase_if(open, [](const Open& event) { return event.found; });
  }
  for (const Open& event : open) duplicates[event.index] = false;
  return duplicates;
}

absl::Status DuplicateFinder::FindIn(const Segment& segment,
                                     std::vector<Open>& open) {
  // So many cache lines are fetched at once; processors have room for a dozen.
  constexpr size_t kAhead = 12;
  const KeyFilter* filter = segment.sealed() ? segment.filter.get() : nullptr;
  for (size_t i = 0; filter != nullptr && i < kAhead && i < open.size(); ++i) {
    filter->Prefetch(open[i].hash);
  }
  for (size_t i = 0; i < open.size(); ++i) {
    if (filter != nullptr) {
      if (i + kAhead < open.size()) filter->Prefetch(open[i + kAhead].hash);
      if (!filter->MayContain(open[i].hash)) continue;
    }
    MQTTPUSH_RETURN_IF_ERROR(Look(segment, open[i]));
  }
  return absl::OkStatus();
}

absl::Status DuplicateFinder::Look(const Segment& segment, Open& open) {
  const absl::StatusOr<bool> found = IsIn(segment, *open.event, open.key);
  if (absl::IsDataLoss(found.status())) return absl::OkStatus();
  if (found.ok()) open.found = *found;
  return found.status();
}

absl::StatusOr<bool> DuplicateFinder::IsIn(const Segment& segment,
                                           const NewEvent& event, int64_t key) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<Posting> postings,
                            session_.Before(segment, Dimension::kEventById, key,
                                            kLastPosting, SIZE_MAX));
  for (const Posting& posting : postings) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::optional<EventRecord> other,
        session_.FindEvent(segment, posting.row, /*with_payload=*/false));
    if (other.has_value() && other->tenant_uid == event.tenant_uid &&
        other->event_id == event.event_id && other->accept_time >= since_) {
      return true;
    }
  }
  return false;
}

}  // namespace mqttpush
