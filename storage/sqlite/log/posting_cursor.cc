#include "storage/sqlite/log/posting_cursor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/status_macros.h"

namespace mqttpush {
namespace {

// The orders that postings of this dimension can have in a segment.
Range OrdersOf(Dimension dimension, const Segment& segment) {
  const SegmentSummary bounds = segment.Bounds();
  switch (dimension) {
    case Dimension::kSuccessesOfTenant:
    case Dimension::kDeliveriesOfTopic:
      return bounds.attempted_seqs;
    case Dimension::kExceptionsOfTenant:
      return bounds.exception_seqs;
    case Dimension::kAttemptsOfDelivery:
      return {segment.first_attempt_seq, bounds.last_attempt_seq};
    default:
      return dimension < Dimension::kAttemptsOfTenant
                 ? Range{segment.first_event_seq, bounds.last_event_seq}
                 : bounds.start_times_us;
  }
}

}  // namespace

PostingCursor::PostingCursor(ReadSession* session, const PostingQuery& query,
                             Direction direction)
    : session_(session),
      query_(query),
      oldest_first_(direction == Direction::kOldestFirst) {
  for (const SegmentPtr& segment : session->segments()) {
    const Range orders = OrdersOf(query.dimension, *segment);
    if (orders.empty() || orders.last < query.oldest_order ||
        orders.first > query.before.order ||
        !session->MayContain(*segment, query.dimension, query.key)) {
      continue;
    }
    GiveBack({.next = BeginOf(orders), .segment = segment.get()});
  }
}

Posting PostingCursor::BeginOf(const Range& orders) const {
  if (oldest_first_) {
    return {std::max(orders.first, query_.oldest_order),
            std::numeric_limits<int64_t>::min()};
  }
  const Posting last = {orders.last, std::numeric_limits<int64_t>::max()};
  return std::min(last, query_.before);
}

bool PostingCursor::IsLater(const Source& a, const Source& b) const {
  return oldest_first_ ? b.next < a.next : a.next < b.next;
}

absl::StatusOr<std::optional<FoundPosting>> PostingCursor::Next() {
  Source source;
  while (TakeNextSource(source)) {
    if (source.at == source.read.size()) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool more, Refill(source));
      if (more) GiveBack(std::move(source));
      continue;
    }
    const FoundPosting found = {source.segment, source.read[source.at++]};
    if (source.at < source.read.size()) source.next = source.read[source.at];
    GiveBack(std::move(source));
    return found;
  }
  return std::nullopt;
}

bool PostingCursor::TakeNextSource(Source& source) {
  if (sources_.empty()) return false;
  std::pop_heap(
      sources_.begin(), sources_.end(),
      [this](const Source& a, const Source& b) { return IsLater(a, b); });
  source = std::move(sources_.back());
  sources_.pop_back();
  return true;
}

void PostingCursor::GiveBack(Source source) {
  sources_.push_back(std::move(source));
  std::push_heap(
      sources_.begin(), sources_.end(),
      [this](const Source& a, const Source& b) { return IsLater(a, b); });
}

// What is added to the newest segment meanwhile may stay out: its place may be
// before what was given out.
absl::StatusOr<bool> PostingCursor::Refill(Source& source) {
  const size_t limit = source.read.empty() ? kFirstRead : kNextRead;
  if (!source.read.empty() && source.read.size() < kFirstRead) return false;
  const Posting from = source.read.empty() ? source.next : source.read.back();
  MQTTPUSH_ASSIGN_OR_RETURN(
      source.read, oldest_first_
                       ? session_->After(*source.segment, query_.dimension,
                                         query_.key, from, limit)
                       : session_->Before(*source.segment, query_.dimension,
                                          query_.key, from, limit));
  std::erase_if(source.read, [&](const Posting& posting) {
    return posting.order < query_.oldest_order || posting >= query_.before;
  });
  source.at = 0;
  if (source.read.empty()) return false;
  source.next = source.read.front();
  return true;
}

}  // namespace mqttpush
