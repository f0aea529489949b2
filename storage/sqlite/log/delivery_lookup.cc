#include "storage/sqlite/log/delivery_lookup.h"

#include <utility>

#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr Range kAnySeq = {0, kLastPosting.order};

void FillIn(const DeliveryException& exception, DeliveryRow& row) {
  row.state = exception.state;
  row.rejection_count = exception.rejection_count;
  if (exception.state == DeliveryState::kRetrying) {
    row.next_attempt_time = exception.next_attempt_time;
    if (exception.request_time != absl::UnixEpoch()) {
      row.request_time = exception.request_time;
    }
    return;
  }
  row.ending = exception.ending;
  if (exception.end_time != absl::UnixEpoch()) {
    row.end_time = exception.end_time;
  }
}

}  // namespace

DeliveryLookup::DeliveryLookup(
    ReadSession* session, const std::vector<SubscriptionState>& subscriptions,
    const StateOverlay* overlay)
    : session_(session), overlay_(overlay) {
  for (const SubscriptionState& state : subscriptions) {
    subscriptions_[state.uid] = {state.id, state.cursor};
  }
  NoteExceptions();
}

void DeliveryLookup::NoteExceptions() {
  const Segments& segments = session_->segments();
  for (const SegmentPtr& segment : segments) {
    // What is written now may add to those of the newest.
    const bool newest = segment == segments.back();
    exception_seqs_.push_back(newest ? kAnySeq
                                     : segment->Bounds().exception_seqs);
  }
}

const std::vector<Range>& DeliveryLookup::AttemptedSeqs(
    int64_t subscription_uid) {
  const auto [noted, is_new] = attempted_seqs_.try_emplace(subscription_uid);
  if (!is_new) return noted->second;
  for (const SegmentPtr& segment : session_->segments()) {
    noted->second.push_back(
        segment->sealed() ? segment->TallyOf(subscription_uid).attempted_seqs
                          : kAnySeq);
  }
  return noted->second;
}

size_t DeliveryLookup::OwnSegment(int64_t event_seq) const {
  const size_t begun = CountBegunBy(session_->segments(), event_seq);
  return begun == 0 ? 0 : begun - 1;
}

std::string DeliveryLookup::subscription_id(int64_t subscription_uid) const {
  const auto found = subscriptions_.find(subscription_uid);
  return found == subscriptions_.end() ? "" : found->second.id;
}

// The cursor was read first, the exceptions and attempts follow: a commit in
// between can only add to what the cursor says, so no state is older than the
// call.
absl::StatusOr<DeliveryRow> DeliveryLookup::Find(const EventRecord& event,
                                                 int64_t subscription_uid) {
  DeliveryRow row;
  row.event = event;
  row.subscription_uid = subscription_uid;
  const auto known = subscriptions_.find(subscription_uid);
  const Subscription subscription =
      known == subscriptions_.end() ? Subscription() : known->second;
  row.subscription_id = subscription.id;
  bool exception = false;
  MQTTPUSH_RETURN_IF_ERROR(FindException(row, exception));
  MQTTPUSH_RETURN_IF_ERROR(FindLastAttempt(row));
  if (row.last_attempt.has_value()) {
    row.attempt_count = row.last_attempt->number;
  }
  const bool succeeded =
      row.last_attempt.has_value() && row.last_attempt->succeeded;
  if (!exception && (succeeded || event.seq <= subscription.cursor)) {
    row.state = DeliveryState::kDelivered;
  }
  row.state = (*overlay_)(subscription_uid, event.seq, row.state);
  return row;
}

// An exception is in the event's segment or in a later one; the newest counts.
absl::Status DeliveryLookup::FindException(DeliveryRow& row, bool& found) {
  found = false;
  const Segments& segments = session_->segments();
  const size_t own = OwnSegment(row.event.seq);
  for (size_t i = segments.size(); i-- > own;) {
    if (!exception_seqs_[i].Contains(row.event.seq) ||
        !session_->MayContain(*segments[i], Dimension::kExceptionsOfTenant,
                              row.event.tenant_uid)) {
      continue;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::optional<DeliveryException> exception,
        session_->FindException(*segments[i], row.event.tenant_uid,
                                row.event.seq, row.subscription_uid));
    if (!exception.has_value()) continue;
    found = exception->state != DeliveryState::kDelivered;
    if (found) FillIn(*exception, row);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status DeliveryLookup::FindLastAttempt(DeliveryRow& row) {
  const Segments& segments = session_->segments();
  const std::vector<Range>& attempted = AttemptedSeqs(row.subscription_uid);
  const size_t own = OwnSegment(row.event.seq);
  for (size_t i = segments.size(); i-- > own;) {
    if (!attempted[i].Contains(row.event.seq)) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(
        std::vector<FoundAttempt> found,
        FindIn(*segments[i], row.event.seq, row.subscription_uid, 1));
    if (found.empty()) continue;
    row.last_attempt = std::move(found.front().attempt);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DeliveryLookup::FoundAttempt>>
DeliveryLookup::FindAttempts(int64_t event_seq, int64_t subscription_uid) {
  std::vector<FoundAttempt> all;
  const Segments& segments = session_->segments();
  const std::vector<Range>& attempted = AttemptedSeqs(subscription_uid);
  const size_t own = OwnSegment(event_seq);
  for (size_t i = segments.size(); i-- > own;) {
    if (!attempted[i].Contains(event_seq)) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(
        std::vector<FoundAttempt> found,
        FindIn(*segments[i], event_seq, subscription_uid, SIZE_MAX));
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  return all;
}

absl::StatusOr<std::vector<DeliveryLookup::FoundAttempt>>
DeliveryLookup::FindIn(const Segment& segment, int64_t event_seq,
                       int64_t subscription_uid, size_t limit) {
  std::vector<FoundAttempt> attempts;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<Posting> postings,
      session_->Before(segment, Dimension::kAttemptsOfDelivery,
                       DeliveryKeyOf(event_seq, subscription_uid), kLastPosting,
                       // One more, should another delivery have the same key.
                       limit == SIZE_MAX ? limit : limit + 1));
  for (const Posting& posting : postings) {
    MQTTPUSH_ASSIGN_OR_RETURN(AttemptRecord attempt,
                              session_->ReadAttempt(segment, posting.row));
    if (attempt.event_seq != event_seq ||
        attempt.subscription_uid != subscription_uid) {
      continue;
    }
    attempts.push_back({posting.row, std::move(attempt)});
    if (attempts.size() == limit) break;
  }
  return attempts;
}

}  // namespace mqttpush
