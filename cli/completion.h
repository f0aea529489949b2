// Completion: scripts for shells, made of the tree of commands.
#ifndef MQTTPUSH_CLI_COMPLETION_H_
#define MQTTPUSH_CLI_COMPLETION_H_

#include <string>

namespace CLI {
class App;
}

namespace mqttpush::cli {

// Commands, options, and the values of options that take only some. What
// follows an option that takes a file, and arguments, is left to the shell.
std::string BashCompletion(const CLI::App& root);
std::string ZshCompletion(const CLI::App& root);
std::string FishCompletion(const CLI::App& root);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_COMPLETION_H_
