#include "services/history/attempt_responses.h"

#include <utility>

#include "common/limits.h"
#include "services/api/errors.h"
#include "services/history/history_converters.h"

namespace mqttpush {
namespace {

// After so many attempts that did not match, a new token spares who resumes
// from going over them again, and from a gap that was none.
constexpr int64_t kLongStretch = 10'000;

}  // namespace

AttemptResponses::AttemptResponses(AttemptsView view, ResumeTokens tokens,
                                   bool live,
                                   std::unique_ptr<AttemptFollower> follower)
    : view_(std::move(view)),
      tokens_(std::move(tokens)),
      live_(live),
      follower_(std::move(follower)) {}

absl::StatusOr<StreamTurn::Found> AttemptResponses::Read(
    v1::StreamAttemptsResponse& response) {
  absl::StatusOr<FollowedAttempts> next =
      follower_->Next(limits::kMaxAttemptsPerResponse);
  if (!next.ok()) return errors::LogUnavailable(next.status());
  if (told_ < 0) told_ = next->position;
  StreamTurn::Found found = {.at_end = next->at_end,
                             .last = next->at_end && !live_};
  found.send = !next->rows.empty() || next->gap || TellsPosition(*next);
  if (!found.send) return found;
  Tell(next->rows, response);
  response.set_resume_token(tokens_.At(next->position));
  response.set_gap(next->gap);
  told_ = next->position;
  // Only a response without attempts says that there were no more.
  has_caught_up_ |= next->at_end && next->rows.empty();
  return found;
}

void AttemptResponses::Tell(const std::vector<AttemptRow>& rows,
                            v1::StreamAttemptsResponse& response) const {
  switch (view_.view) {
    case v1::StreamAttemptsRequest::RESULT_EVENTS:
    case v1::StreamAttemptsRequest::RESULT_PAYLOADS:
      for (std::string& result :
           view_.write_results(rows, view_.tenant_id, view_.view)) {
        response.add_results(std::move(result));
      }
      return;
    default:
      for (const AttemptRow& row : rows) {
        *response.add_attempts() = ToProto(row, view_.tenant_id);
      }
  }
}

bool AttemptResponses::TellsPosition(const FollowedAttempts& next) const {
  return (next.at_end && !has_caught_up_) ||
         next.position - told_ >= kLongStretch;
}

}  // namespace mqttpush
