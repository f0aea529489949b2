#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/help.h"

namespace mqttpush::cli {
namespace {

constexpr char kVersion[] = "0.1.0";

class ManualPage : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string,
                        CLI::AppFormatMode) const override {
    return HelpOf(*app);
  }
};

// The command that the line names: the last one that was recognised.
const CLI::App& Chosen(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : Chosen(*below.back());
}

// What is wrong with a line, in our words where CLI11 has others for commands.
std::string WhatFailed(const CLI::App& app, const CLI::App& chosen,
                       const CLI::ParseError& error) {
  if (CommandsOf(chosen).empty()) return error.what();
  const std::vector<std::string> rest = app.remaining(/*recurse=*/true);
  if (!rest.empty()) {
    return absl::StrCat("there is no command \"", PathOf(chosen), " ",
                        rest.front(), "\"");
  }
  const bool required =
      error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
  return required ? "a command is required" : error.what();
}

absl::Status ParseFailed(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& chosen = Chosen(app);
  return absl::InvalidArgumentError(absl::StrCat(
      WhatFailed(app, chosen, error), "; see ", PathOf(chosen), " --help"));
}

}  // namespace

Command Command::Add(const std::string& name, const std::string& summary,
                     const std::string& details) {
  CLI::App* app = app_->add_subcommand(
      name, details.empty() ? summary : absl::StrCat(summary, "\n", details));
  // A word behind a command is never the name of another one above it.
  app_->require_subcommand(1);
  return Command(app, actions_);
}

Command& Command::Argument(const std::string& name, std::string* value,
                           const std::string& help) {
  app_->add_option(name, *value, help)->required();
  return *this;
}

Command& Command::OptionalArgument(const std::string& name, std::string* value,
                                   const std::string& help) {
  app_->add_option(name, *value, help);
  return *this;
}

Command& Command::Arguments(const std::string& name,
                            std::vector<std::string>* values,
                            const std::string& help) {
  app_->add_option(name, *values, help)->required();
  return *this;
}

Command& Command::Option(const std::string& flags, const std::string& type,
                         std::string* value, const std::string& help) {
  app_->add_option(flags, *value, help)->take_last()->option_text(type);
  return *this;
}

Command& Command::Options(const std::string& flags, const std::string& type,
                          std::vector<std::string>* values,
                          const std::string& help) {
  // One value each time, so that arguments may follow.
  app_->add_option(flags, *values, help)
      ->allow_extra_args(false)
      ->option_text(type);
  return *this;
}

Command& Command::Number(const std::string& flags, int64_t* value,
                         int64_t least, int64_t most, const std::string& help) {
  app_->add_option(flags, *value, help)
      ->check(CLI::Range(least, most))
      ->option_text("N");
  return *this;
}

Command& Command::Flag(const std::string& flags, bool* value,
                       const std::string& help) {
  app_->add_flag(flags, *value, help);
  return *this;
}

Command& Command::Example(const std::string& line, const std::string& meaning) {
  app_->footer(absl::StrCat(app_->get_footer(), "    ", line, "\n        ",
                            meaning, "\n"));
  return *this;
}

Command& Command::Does(Action action) {
  (*actions_)[app_] = std::move(action);
  return *this;
}

Command& Command::AlsoAlone() {
  app_->require_subcommand(0, 1);
  return *this;
}

CommandTree::CommandTree(const std::string& name, const std::string& summary,
                         const std::string& details)
    : app_(std::make_unique<CLI::App>(absl::StrCat(summary, "\n", details),
                                      name)) {
  app_->formatter(std::make_shared<ManualPage>());
  app_->set_help_flag("-h,--help", "Prints this.");
  app_->set_version_flag("--version", kVersion, "Prints the version.");
  // --server and its like may stand anywhere.
  app_->fallthrough();
}

CommandTree::~CommandTree() = default;

absl::StatusOr<Parsed> CommandTree::Parse(std::vector<std::string> arguments) {
  // CLI11 wants them backwards.
  std::reverse(arguments.begin(), arguments.end());
  try {
    app_->parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return Parsed{.text = HelpOf(Chosen(*app_))};
  } catch (const CLI::CallForVersion&) {
    return Parsed{.text = absl::StrCat(app_->get_name(), " ", kVersion, "\n")};
  } catch (const CLI::ParseError& error) {
    return ParseFailed(*app_, error);
  }
  return Parsed{.action = actions_.at(&Chosen(*app_))};
}

}  // namespace mqttpush::cli
