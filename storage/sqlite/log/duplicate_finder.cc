#include "storage/sqlite/log/duplicate_finder.h"

#include "common/status_macros.h"

namespace mqttpush {
namespace {

// Calls `visit` with those whose hash the filter may contain, in their order;
// with all when there is none.
template <typename Open, typename Visit>
absl::Status ForEachThatMayBeIn(const KeyFilter* filter, absl::Span<Open> open,
                                Visit visit) {
  // So many cache lines are fetched at once; processors have room for a dozen.
  constexpr size_t kAhead = 12;
  const auto prefetch = [&](size_t i) {
    if (filter != nullptr && i < open.size()) filter->Prefetch(open[i].hash);
  };
  for (size_t i = 0; i < kAhead; ++i) prefetch(i);
  for (size_t i = 0; i < open.size(); ++i) {
    prefetch(i + kAhead);
    if (filter != nullptr && !filter->MayContain(open[i].hash)) continue;
    MQTTPUSH_RETURN_IF_ERROR(visit(open[i]));
  }
  return absl::OkStatus();
}

}  // namespace

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
  const KeyFilter* group = nullptr;
  OpenSpan possible = absl::MakeSpan(open);
  // The newest first: what is repeated is mostly repeated soon.
  const Segments& segments = session_.segments();
  for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
    const Range& accepted = (*at)->summary.accept_times_us;
    const bool sealed = (*at)->sealed();
    if (sealed && accepted.empty()) continue;  // it holds attempts only
    if (sealed && accepted.last < absl::ToUnixMicros(since_)) break;
    if ((*at)->group_filter.get() != group) {
      group = (*at)->group_filter.get();
      possible = Possible(group, absl::MakeSpan(open));
    }
    MQTTPUSH_RETURN_IF_ERROR(FindIn(**at, possible));
  }
  for (const Open& event : open) duplicates[event.index] = event.found;
  return duplicates;
}

DuplicateFinder::OpenSpan DuplicateFinder::Possible(const KeyFilter* filter,
                                                    OpenSpan open) {
  size_t count = 0;
  ForEachThatMayBeIn(filter, open, [&](Open& event) {
    std::swap(event, open[count++]);
    return absl::OkStatus();
  }).IgnoreError();
  return open.first(count);
}

absl::Status DuplicateFinder::FindIn(const Segment& segment, OpenSpan open) {
  return ForEachThatMayBeIn(segment.filter.get(), open, [&](Open& event) {
    return event.found ? absl::OkStatus() : Look(segment, event);
  });
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
