#include "storage/sqlite/log/attempt_window.h"

#include <algorithm>
#include <limits>

#include "common/status_macros.h"
#include "storage/sqlite/log/attempt_candidates.h"

namespace mqttpush {
namespace {

// Postings read at once.
constexpr size_t kRead = 4096;
// So few attempts are sooner read than found by a rarer key.
constexpr size_t kFewRows = 1000;

// Leaves the lowest ones, when there are more than a window holds.
void KeepLowest(AttemptWindow& window) {
  std::vector<int64_t>& rows = window.rows;
  if (rows.size() <= AttemptWindow::kRows) return;
  const auto last = rows.begin() + (AttemptWindow::kRows - 1);
  std::nth_element(rows.begin(), last, rows.end());
  window.through = *last;
  rows.resize(AttemptWindow::kRows);
}

}  // namespace

AttemptWindows::AttemptWindows(const HistoryQuery& query,
                               std::optional<bool> succeeded)
    : query_(query), plan_(PlanAttempts(query, succeeded, std::nullopt)) {}

absl::StatusOr<AttemptWindow> AttemptWindows::Find(ReadSession& session,
                                                   const Segment& segment,
                                                   int64_t after,
                                                   int64_t last) {
  AttemptWindow window = {.segment = segment.number, .through = last};
  const Range times = segment.Bounds().start_times_us;
  if (times.last < plan_.oldest_order || times.first >= plan_.before.order ||
      FindInTail(segment, after, window)) {
    return window;
  }
  MQTTPUSH_RETURN_IF_ERROR(NamesEvent(query_)
                               ? FindNamed(session, segment, after, window)
                               : FindByKey(session, segment, after, window));
  KeepLowest(window);
  std::sort(window.rows.begin(), window.rows.end());
  return window;
}

bool AttemptWindows::FindInTail(const Segment& segment, int64_t after,
                                AttemptWindow& window) const {
  if (segment.sealed()) return false;
  const bool all =
      plan_.dimension == Dimension::kAttemptsOfTenant && !NamesEvent(query_);
  const size_t limit = all ? AttemptWindow::kRows : kFewRows;
  std::vector<int64_t> rows =
      segment.memory->AttemptsOfTenantAfter(query_.tenant_uid, after, limit);
  const bool more = rows.size() == limit;
  if (more && !all) return false;
  if (more) window.through = std::min(window.through, rows.back());
  std::erase_if(rows, [&](int64_t row) { return row > window.through; });
  window.rows = std::move(rows);
  return true;
}

absl::Status AttemptWindows::FindByKey(ReadSession& session,
                                       const Segment& segment, int64_t after,
                                       AttemptWindow& window) const {
  Posting at = {plan_.oldest_order, std::numeric_limits<int64_t>::min()};
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::vector<Posting> postings,
        session.After(segment, plan_.dimension, plan_.key, at, kRead));
    for (const Posting& posting : postings) {
      if (posting >= plan_.before) return absl::OkStatus();
      if (posting.row > after && posting.row <= window.through) {
        window.rows.push_back(posting.row);
      }
    }
    if (postings.size() < kRead) return absl::OkStatus();
    at = postings.back();
    KeepLowest(window);
  }
}

absl::Status AttemptWindows::FindNamed(ReadSession& session,
                                       const Segment& segment, int64_t after,
                                       AttemptWindow& window) {
  MQTTPUSH_RETURN_IF_ERROR(ResolveNames(session, window.through));
  const Range attempted = segment.Bounds().attempted_seqs;
  for (const EventRecord& event : named_) {
    if (!attempted.Contains(event.seq)) continue;
    for (int64_t uid : event.subscription_uids) {
      if (query_.subscription_uid.value_or(uid) != uid) continue;
      // One more than a window holds, so that it shows when there are more.
      MQTTPUSH_ASSIGN_OR_RETURN(
          const std::vector<Posting> postings,
          session.After(segment, Dimension::kAttemptsOfDelivery,
                        DeliveryKeyOf(event.seq, uid), {after, after},
                        AttemptWindow::kRows + 1));
      for (const Posting& posting : postings) {
        if (posting.row <= window.through) window.rows.push_back(posting.row);
      }
      KeepLowest(window);
    }
  }
  return absl::OkStatus();
}

absl::Status AttemptWindows::ResolveNames(ReadSession& session, int64_t last) {
  if (last <= named_through_) return absl::OkStatus();
  const int64_t newest = session.segments().back()->Bounds().last_attempt_seq;
  MQTTPUSH_ASSIGN_OR_RETURN(named_, FindNamedEvents(session, query_));
  named_through_ = newest;
  return absl::OkStatus();
}

}  // namespace mqttpush
