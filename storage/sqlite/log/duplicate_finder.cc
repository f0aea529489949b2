#include "storage/sqlite/log/duplicate_finder.h"

#include "common/status_macros.h"

namespace mqttpush {

// The newest segments first: what is repeated is mostly repeated soon.
absl::StatusOr<bool> DuplicateFinder::IsDuplicate(const NewEvent& event,
                                                  int64_t key) {
  if (!asked_.insert({event.tenant_uid, event.event_id}).second) return true;
  const uint64_t hash = KeyFilter::HashOf(Dimension::kEventById, key);
  const Segments& segments = session_.segments();
  for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
    const Segment& segment = **at;
    if (segment.sealed()) {
      const Range& accepted = segment.summary.accept_times_us;
      if (accepted.empty()) continue;  // it holds attempts only
      if (accepted.last < absl::ToUnixMicros(since_)) return false;
      if (segment.filter != nullptr && !segment.filter->MayContain(hash)) {
        continue;
      }
    }
    const absl::StatusOr<bool> found = IsIn(segment, event, key);
    // A damaged one has been set aside: what it held is not known any more.
    if (absl::IsDataLoss(found.status())) continue;
    if (!found.ok() || *found) return found;
  }
  return false;
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
