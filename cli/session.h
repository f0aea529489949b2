// Session: what a command has to work with.
#ifndef MQTTPUSH_CLI_SESSION_H_
#define MQTTPUSH_CLI_SESSION_H_

#include "cli/client.h"
#include "cli/console.h"
#include "cli/interruption.h"
#include "cli/settings.h"
#include "common/clock.h"

namespace mqttpush::cli {

struct Session {
  Console& console;
  Client& client;
  Interruption& interruption;
  const Clock& clock;
  const Environment& environment;
  bool json = false;  // --json
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_SESSION_H_
