// The program mqttpush as a function, so that tests can run it.
#ifndef MQTTPUSH_CLI_APP_H_
#define MQTTPUSH_CLI_APP_H_

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/exit_code.h"
#include "cli/interruption.h"
#include "cli/settings.h"
#include "common/clock.h"

namespace mqttpush::cli {

// What the program is given by whoever runs it.
struct World {
  Console& console;
  Environment environment;
  Interruption& interruption;
  const Clock& clock;
};

// Runs one command line, without the program's name.
ExitCode RunMqttpush(const std::vector<std::string>& arguments, World world);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_APP_H_
