// AttemptResponses: what a StreamAttempts call says, response by response.
#ifndef MQTTPUSH_SERVICES_HISTORY_ATTEMPT_RESPONSES_H_
#define MQTTPUSH_SERVICES_HISTORY_ATTEMPT_RESPONSES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/history/history_requests.h"
#include "services/history/stream_turn.h"
#include "storage/attempt_follower.h"

namespace mqttpush {

// Writes attempts of a tenant as results, one text each. History does not know
// Flowcore: server/ binds this.
using WriteResults = std::function<std::vector<std::string>(
    const std::vector<AttemptRow>& rows, const std::string& tenant_id,
    v1::StreamAttemptsRequest::View view)>;

// How a call tells attempts.
struct AttemptsView {
  std::string tenant_id;
  v1::StreamAttemptsRequest::View view = v1::StreamAttemptsRequest::ATTEMPTS;
  WriteResults write_results;  // for the views of results
};

// Thread-compatible.
class AttemptResponses {
 public:
  AttemptResponses(AttemptsView view, ResumeTokens tokens, bool live,
                   std::unique_ptr<AttemptFollower> follower);

  // Reads on from disk, into the empty `response`, which is to be sent when
  // Found says so. UNAVAILABLE (LOG_UNAVAILABLE) when the log cannot be read.
  absl::StatusOr<StreamTurn::Found> Read(v1::StreamAttemptsResponse& response);

 private:
  // Whether who reads should hear of a position without attempts.
  bool TellsPosition(const FollowedAttempts& next) const;

  void Tell(const std::vector<AttemptRow>& rows,
            v1::StreamAttemptsResponse& response) const;

  const AttemptsView view_;
  const ResumeTokens tokens_;
  const bool live_;
  std::unique_ptr<AttemptFollower> follower_;
  int64_t told_ = -1;           // the position of the response before
  bool has_caught_up_ = false;  // and told so
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_ATTEMPT_RESPONSES_H_
