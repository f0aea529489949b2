// Commands: what mqttpushd does once, for an operator, instead of serving.
#ifndef MQTTPUSH_SERVER_COMMANDS_H_
#define MQTTPUSH_SERVER_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace mqttpush {

struct Command {
  enum class Kind { kServe, kCheck, kBackUp, kRestore };
  Kind kind = Kind::kServe;
  std::string path;                    // its own; empty when serving
  std::vector<std::string> arguments;  // those that are settings
};

// INVALID_ARGUMENT when there are two commands, or one without its path.
absl::StatusOr<Command> TakeCommand(const std::vector<std::string>& arguments);

// Runs it to its end, prints to standard output, errors and progress to
// standard error, and returns the exit code that CommandHelp tells.
int RunCommand(const Command& command, const ServerConfig& config);

// For --help.
std::string CommandHelp();

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_COMMANDS_H_
