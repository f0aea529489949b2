#include "cli/attempt_follower.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mqttpush::cli {
namespace {

constexpr int kMaxFailures = 10;
constexpr absl::Duration kFirstDelay = absl::Milliseconds(500);
constexpr absl::Duration kLongestDelay = absl::Seconds(10);

}  // namespace

absl::Duration ReconnectDelay(int failures) {
  if (failures == 0) return absl::ZeroDuration();
  return std::min(kLongestDelay,
                  kFirstDelay * (1 << std::min(failures - 1, 8)));
}

absl::Status AttemptFollower::Follow(const Take& take) {
  while (true) {
    const absl::Status status = FollowOnce(take);
    if (session_.interruption.interrupted()) {
      return absl::CancelledError("interrupted");
    }
    if (!ShallGoOn(status)) return status;
    if (!told_) {
      session_.console.Note(
          absl::StrCat("mqttpush: the stream was cut (", status.message(),
                       "); it goes on behind the last attempt that came"));
    }
    told_ = true;
    session_.interruption.WaitFor(ReconnectDelay(failures_++));
  }
}

absl::Status AttemptFollower::FollowOnce(const Take& take) {
  grpc::ClientContext context;
  const Interruption::Listener listener(session_.interruption,
                                        [&] { context.TryCancel(); });
  const auto reader =
      session_.client.history().StreamAttempts(&context, request_);
  v1::StreamAttemptsResponse response;
  while (reader->Read(&response)) {
    const auto next = take(response);
    // Not before: what was not taken must come again.
    if (next.ok()) {
      request_.set_resume_token(response.resume_token());
      // One that tells nothing may come again and again.
      if (!response.attempts().empty() || !response.results().empty()) {
        failures_ = 0;
      }
    }
    if (!next.ok() || *next == Next::kEnough) {
      context.TryCancel();
      reader->Finish();
      return next.status();
    }
  }
  return session_.client.ToStatus(reader->Finish());
}

// Only what has begun: a service that is not there at all is told at once.
bool AttemptFollower::ShallGoOn(const absl::Status& status) const {
  // A service that ends cancels the calls that it has.
  const bool was_cut = absl::IsUnavailable(status) || absl::IsCancelled(status);
  return was_cut && !request_.resume_token().empty() &&
         (!request_.has_live() || request_.live() || failures_ < kMaxFailures);
}

}  // namespace mqttpush::cli
