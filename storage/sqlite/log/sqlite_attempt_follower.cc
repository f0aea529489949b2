#include "storage/sqlite/log/sqlite_attempt_follower.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/attempt_rows.h"

namespace mqttpush {
namespace {

// What one call reads at the most, so that many who follow take turns.
constexpr int kMaxLookedAt = 2000;

HistoryQuery Retained(HistoryQuery query) {
  query.start_time = std::max(query.start_time, query.retained_since);
  return query;
}

// Before all attempts that can match. Segments that ended before the time are
// not gone through, so that what is missing among them is no gap.
int64_t FirstPosition(const Segments& segments, absl::Time start_time) {
  for (const SegmentPtr& segment : segments) {
    const Range times = segment->Bounds().start_times_us;
    if (segment == segments.back() ||
        (!times.empty() && absl::FromUnixMicros(times.last) >= start_time)) {
      return segment->first_attempt_seq - 1;
    }
  }
  return 0;
}

size_t TextBytes(const AttemptRecord& attempt) {
  return attempt.topic.size() + attempt.error_message.size() +
         attempt.reason_string.size() + attempt.warning.size();
}

}  // namespace

absl::StatusOr<std::unique_ptr<AttemptFollower>> SqliteAttemptFollower::Make(
    SegmentStore* store, const HistoryQuery& query,
    std::optional<bool> succeeded, std::optional<int64_t> after, bool live) {
  const HistoryQuery retained = Retained(query);
  const auto segments = store->list().Get();
  const int64_t newest = segments->back()->Bounds().last_attempt_seq;
  if (after.value_or(newest) > newest) {
    return absl::OutOfRangeError("no attempt was ever recorded there");
  }
  return std::unique_ptr<AttemptFollower>(new SqliteAttemptFollower(
      store, retained, succeeded,
      after.value_or(FirstPosition(*segments, retained.start_time)),
      live ? std::numeric_limits<int64_t>::max() : newest));
}

std::unique_ptr<AttemptFollower> SqliteAttemptFollower::MakeBetween(
    SegmentStore* store, const HistoryQuery& query, int64_t after,
    int64_t through) {
  return std::unique_ptr<AttemptFollower>(new SqliteAttemptFollower(
      store, Retained(query), std::nullopt, after, through));
}

SqliteAttemptFollower::SqliteAttemptFollower(SegmentStore* store,
                                             const HistoryQuery& query,
                                             std::optional<bool> succeeded,
                                             int64_t position, int64_t until)
    : store_(store),
      query_(query),
      succeeded_(succeeded),
      until_(until),
      windows_(query, succeeded),
      position_(position) {
  window_.through = position;
}

absl::StatusOr<FollowedAttempts> SqliteAttemptFollower::Next(int limit) {
  return ReadAgainIfChanged(store_->list(), [&] { return Read(limit); });
}

absl::StatusOr<FollowedAttempts> SqliteAttemptFollower::Read(int limit) {
  ReadSession session(store_);
  const Segment* segment = SegmentOfWindow(session);
  if (segment == nullptr) {
    MQTTPUSH_ASSIGN_OR_RETURN(segment, NextWindow(session));
  }
  FollowedAttempts next;
  if (segment != nullptr) {
    MQTTPUSH_RETURN_IF_ERROR(TakeRows(session, *segment, limit, next));
  }
  const bool emptied = at_ == window_.rows.size();
  if (at_ > 0) position_ = window_.rows[at_ - 1];
  if (emptied) position_ = std::max(position_, window_.through);
  next.position = position_;
  next.at_end = emptied && NextSegment(session) == nullptr;
  next.gap = std::exchange(gap_, false);
  return next;
}

// They are gone over only once all of them have been read: after an error they
// are read again.
absl::Status SqliteAttemptFollower::TakeRows(ReadSession& session,
                                             const Segment& segment, int limit,
                                             FollowedAttempts& next) {
  const size_t end = std::min(window_.rows.size(), at_ + kMaxLookedAt);
  size_t bytes = 0;
  size_t at = at_;
  while (at < end && static_cast<int>(next.rows.size()) < limit &&
         bytes < kMaxBytes) {
    MQTTPUSH_ASSIGN_OR_RETURN(std::optional<AttemptRow> row,
                              ReadRow(session, segment, window_.rows[at++]));
    if (!row.has_value()) continue;
    bytes += TextBytes(row->attempt);
    next.rows.push_back(*std::move(row));
  }
  at_ = at;
  return absl::OkStatus();
}

const Segment* SqliteAttemptFollower::SegmentOfWindow(
    const ReadSession& session) const {
  if (at_ == window_.rows.size()) return nullptr;
  for (const SegmentPtr& segment : session.segments()) {
    if (segment->number == window_.segment) return segment.get();
  }
  return nullptr;
}

const Segment* SqliteAttemptFollower::NextSegment(
    const ReadSession& session) const {
  if (position_ >= until_) return nullptr;
  for (const SegmentPtr& segment : session.segments()) {
    if (segment->Bounds().last_attempt_seq > position_) return segment.get();
  }
  return nullptr;
}

absl::StatusOr<const Segment*> SqliteAttemptFollower::NextWindow(
    ReadSession& session) {
  while (const Segment* segment = NextSegment(session)) {
    const int64_t last = std::min(until_, segment->Bounds().last_attempt_seq);
    MQTTPUSH_ASSIGN_OR_RETURN(
        AttemptWindow window,
        windows_.Find(session, *segment, position_, last));
    // Numbers follow each other from segment to segment.
    if (segment->first_attempt_seq > position_ + 1) gap_ = true;
    window_ = std::move(window);
    at_ = 0;
    if (!window_.rows.empty()) return segment;
    position_ = std::max(position_, window_.through);
  }
  return nullptr;
}

absl::StatusOr<std::optional<AttemptRow>> SqliteAttemptFollower::ReadRow(
    ReadSession& session, const Segment& segment, int64_t attempt_seq) {
  CandidateAttempt candidate;
  MQTTPUSH_ASSIGN_OR_RETURN(candidate.attempt,
                            session.ReadAttempt(segment, attempt_seq));
  candidate.key = {candidate.attempt.start_time, attempt_seq};
  const std::optional<std::string>& subscription_id =
      SubscriptionId(candidate.attempt.subscription_uid);
  if (candidate.key.start_time < query_.start_time ||
      candidate.key.start_time >= query_.end_time ||
      !subscription_id.has_value() ||
      !Matches(query_, succeeded_, candidate.attempt)) {
    return std::nullopt;
  }
  MQTTPUSH_ASSIGN_OR_RETURN(candidate.event,
                            session.FindEvent(candidate.attempt.event_seq));
  if (!Matches(query_, candidate.event)) return std::nullopt;
  return ToRow(std::move(candidate), *subscription_id);
}

// Asked for one by one: those of a tenant are found by going over all there
// are, which is too much for each read of a stream.
const std::optional<std::string>& SqliteAttemptFollower::SubscriptionId(
    int64_t uid) {
  const auto [known, added] = subscription_ids_.try_emplace(uid);
  if (added) {
    SubscriptionState state = store_->states().Get(uid);
    if (state.tenant_uid == query_.tenant_uid) {
      known->second = std::move(state.id);
    }
  }
  return known->second;
}

}  // namespace mqttpush
