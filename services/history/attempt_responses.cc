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

AttemptResponses::AttemptResponses(std::string tenant_id, ResumeTokens tokens,
                                   bool live,
                                   std::unique_ptr<AttemptFollower> follower)
    : tenant_id_(std::move(tenant_id)),
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
  for (const AttemptRow& row : next->rows) {
    *response.add_attempts() = ToProto(row, tenant_id_);
  }
  response.set_resume_token(tokens_.At(next->position));
  response.set_gap(next->gap);
  told_ = next->position;
  // Only a response without attempts says that there were no more.
  has_caught_up_ |= next->at_end && next->rows.empty();
  return found;
}

bool AttemptResponses::TellsPosition(const FollowedAttempts& next) const {
  return (next.at_end && !has_caught_up_) ||
         next.position - told_ >= kLongStretch;
}

}  // namespace mqttpush
