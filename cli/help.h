// Help: what --help prints of a command, in the form of a manual page.
#ifndef MQTTPUSH_CLI_HELP_H_
#define MQTTPUSH_CLI_HELP_H_

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mqttpush::cli {

// NAME, SYNOPSIS, DESCRIPTION, COMMANDS, ARGUMENTS, OPTIONS, GLOBAL OPTIONS,
// EXAMPLES and EXIT STATUS, as far as the command has them.
std::string HelpOf(const CLI::App& app);

// "mqttpush tenants list".
std::string PathOf(const CLI::App& app);
// The first line of its description.
std::string SummaryOf(const CLI::App& app);
// The commands below it, in the order in which they were added.
std::vector<const CLI::App*> CommandsOf(const CLI::App& app);
// "-s", "--start"; the names of an option.
std::vector<std::string> FlagsOf(const CLI::Option& option);
// The values it takes when these are all, as "a|b|c"; otherwise none.
std::vector<std::string> ChoicesOf(const CLI::Option& option);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_HELP_H_
