// WatchReplay: shows how far a replay has come, until it has ended.
#ifndef MQTTPUSH_CLI_REPLAY_WATCH_H_
#define MQTTPUSH_CLI_REPLAY_WATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {

// Shows a progress bar, and in the end what was done. kNegative unless it
// SUCCEEDED; kInterrupted after Ctrl-C, which leaves it running. A watch that
// is cut begins anew.
absl::StatusOr<ExitCode> WatchReplay(const std::string& name, Session& session);

// The facts of a replay, or its proto JSON.
void PrintReplay(const v1::Replay& replay, Session& session);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_REPLAY_WATCH_H_
