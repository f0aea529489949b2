// Commands: the tree of what can be typed, with its arguments, options, texts
// and actions. Help and completion are made of it.
#ifndef MQTTPUSH_CLI_COMMAND_H_
#define MQTTPUSH_CLI_COMMAND_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mqttpush::cli {

// Does what the command says; an error is printed by the caller.
using Action = std::function<absl::StatusOr<ExitCode>(Session&)>;
using Actions = std::map<const CLI::App*, Action>;

// One command of a CommandTree, for adding to it. Values are written into when
// the command line is parsed; they must live as long as the tree, which is for
// what an action holds on to.
class Command {
 public:
  Command(CLI::App* app, Actions* actions) : app_(app), actions_(actions) {}

  // `summary` is one line, as "lists deliveries"; `details` are paragraphs.
  Command Add(const std::string& name, const std::string& summary,
              const std::string& details = "");

  // Arguments by position, in the order of the calls.
  Command& Argument(const std::string& name, std::string* value,
                    const std::string& help);
  Command& OptionalArgument(const std::string& name, std::string* value,
                            const std::string& help);
  Command& Arguments(const std::string& name, std::vector<std::string>* values,
                     const std::string& help);

  // `flags` as "-s,--start". `type` as "TIME", or "a|b|c" when there are only
  // these. Of many the option may be given more than once.
  Command& Option(const std::string& flags, const std::string& type,
                  std::string* value, const std::string& help);
  Command& Options(const std::string& flags, const std::string& type,
                   std::vector<std::string>* values, const std::string& help);
  Command& Number(const std::string& flags, int64_t* value, int64_t least,
                  int64_t most, const std::string& help);
  // "--live,!--no-live" can be given both ways.
  Command& Flag(const std::string& flags, bool* value, const std::string& help);

  Command& Example(const std::string& line, const std::string& meaning);
  Command& Does(Action action);
  // Does something itself besides having commands below it; after these.
  Command& AlsoAlone();

 private:
  CLI::App* app_;
  Actions* actions_;
};

// What a command line asks for: an action, or a text to print (help).
struct Parsed {
  Action action;
  std::string text;
};

// Not thread-safe.
class CommandTree {
 public:
  CommandTree(const std::string& name, const std::string& summary,
              const std::string& details);
  ~CommandTree();

  Command root() { return Command(app_.get(), &actions_); }
  const CLI::App& app() const { return *app_; }

  // `arguments` without the program's name. INVALID_ARGUMENT says what is
  // wrong, and which help to read.
  absl::StatusOr<Parsed> Parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
  Actions actions_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_COMMAND_H_
