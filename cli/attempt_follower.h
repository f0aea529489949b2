// AttemptFollower: a stream of attempts that goes on after it was cut.
#ifndef MQTTPUSH_CLI_ATTEMPT_FOLLOWER_H_
#define MQTTPUSH_CLI_ATTEMPT_FOLLOWER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/session.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {

// How long to wait before the next try, after `failures` in a row without any
// attempt: none, then 0.5 s, doubling to 10 s.
absl::Duration ReconnectDelay(int failures);

// Not thread-safe.
class AttemptFollower {
 public:
  enum class Next { kGoOn, kEnough };
  using Take =
      std::function<absl::StatusOr<Next>(const v1::StreamAttemptsResponse&)>;

  AttemptFollower(v1::StreamAttemptsRequest request, Session& session)
      : request_(std::move(request)), session_(session) {}

  // Gives each response to `take`, each exactly once, until that has enough,
  // fails, or the stream ends. A stream that is cut is asked for again with
  // the token of the last response; a live one as long as it takes, another
  // one 10 times in a row. Says so on the console. CANCELLED after Ctrl-C.
  absl::Status Follow(const Take& take);

 private:
  // One call. OK when nothing more is to come.
  absl::Status FollowOnce(const Take& take);
  bool ShallGoOn(const absl::Status& status) const;

  v1::StreamAttemptsRequest request_;
  Session& session_;
  int failures_ = 0;   // since the last attempt
  bool told_ = false;  // the console, that it was cut
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_ATTEMPT_FOLLOWER_H_
