#include "cli/help.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/text.h"

namespace mqttpush::cli {
namespace {

constexpr size_t kColumns = 78;
constexpr char kExitStatus[] = R"(    0    done, and the answer is yes
    1    the service refused, or failed
    2    the command line, a file or a field of it is wrong
    3    there is no such resource
    4    the service cannot be reached, is not ready, or did not answer in time
    5    the call went well, and the answer is no: a probe failed, something was
         not delivered, events were not taken, a replay did not succeed or was
         declined
  130    interrupted by Ctrl-C
)";

std::string Section(absl::string_view title, absl::string_view body) {
  return body.empty() ? "" : absl::StrCat(title, "\n", body, "\n");
}

std::string Indented(absl::string_view text, size_t indent) {
  std::string result;
  for (const std::string& line : Wrap(text, kColumns - indent)) {
    absl::StrAppend(&result, line.empty() ? "" : std::string(indent, ' '), line,
                    "\n");
  }
  return result;
}

std::string DetailsOf(const CLI::App& app) {
  const std::string description = app.get_description();
  const size_t end = description.find('\n');
  return end == std::string::npos ? "" : description.substr(end + 1);
}

std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& app) {
  return app.get_options(
      [](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options(
      [](const CLI::Option* option) { return option->nonpositional(); });
}

bool TakesMany(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

std::string SynopsisOf(const CLI::App& app) {
  std::string synopsis = absl::StrCat(PathOf(app), " [OPTIONS]");
  for (const CLI::Option* argument : ArgumentsOf(app)) {
    const std::string name = absl::StrCat(argument->get_name(true),
                                          TakesMany(*argument) ? "..." : "");
    absl::StrAppend(
        &synopsis, " ",
        argument->get_required() ? name : absl::StrCat("[", name, "]"));
  }
  std::string lines = absl::StrCat("    ", synopsis, "\n");
  if (CommandsOf(app).empty()) return lines;
  const std::string group = absl::StrCat("    ", PathOf(app), " COMMAND ...\n");
  return app.get_require_subcommand_min() == 0 ? lines + group : group;
}

std::string CommandList(const CLI::App& app) {
  std::string list;
  for (const CLI::App* command : CommandsOf(app)) {
    absl::StrAppend(&list, "    ", PadRight(command->get_name(), 15),
                    SummaryOf(*command), "\n");
  }
  return list;
}

std::string OptionText(const CLI::Option& option) {
  const std::string& type = option.get_option_text();
  const std::string heading =
      option.nonpositional()
          ? absl::StrCat(absl::StrJoin(FlagsOf(option), ", "),
                         type.empty() ? "" : " ", type)
          : option.get_name(true);
  return absl::StrCat(Indented(heading, 4),
                      Indented(option.get_description(), 8));
}

std::string OptionTexts(const std::vector<const CLI::Option*>& options) {
  std::string texts;
  for (const CLI::Option* option : options) {
    absl::StrAppend(&texts, OptionText(*option));
  }
  return texts;
}

std::string GlobalOptions(const CLI::App& app) {
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  if (root == &app) return "";
  std::vector<std::string> names;
  for (const CLI::Option* option : OptionsOf(*root)) {
    names.push_back(FlagsOf(*option).back());
  }
  return Indented(absl::StrCat(absl::StrJoin(names, ", "), ": see ",
                               root->get_name(), " --help."),
                  4);
}

}  // namespace

std::string HelpOf(const CLI::App& app) {
  return absl::StrCat(
      Section("NAME",
              Indented(absl::StrCat(PathOf(app), " - ", SummaryOf(app)), 4)),
      Section("SYNOPSIS", SynopsisOf(app)),
      Section("DESCRIPTION",
              DetailsOf(app).empty() ? "" : Indented(DetailsOf(app), 4)),
      Section("COMMANDS", CommandList(app)),
      Section("ARGUMENTS", OptionTexts(ArgumentsOf(app))),
      Section("OPTIONS", OptionTexts(OptionsOf(app))),
      Section("GLOBAL OPTIONS", GlobalOptions(app)),
      Section("EXAMPLES", app.get_footer()), "EXIT STATUS\n", kExitStatus);
}

std::string PathOf(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name()
                           : absl::StrCat(PathOf(*parent), " ", app.get_name());
}

std::string SummaryOf(const CLI::App& app) {
  const std::string description = app.get_description();
  return description.substr(0, description.find('\n'));
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> FlagsOf(const CLI::Option& option) {
  std::vector<std::string> flags;
  for (const std::string& name : option.get_snames()) {
    flags.push_back(absl::StrCat("-", name));
  }
  for (const std::string& name : option.get_lnames()) {
    flags.push_back(absl::StrCat("--", name));
  }
  return flags;
}

std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string& type = option.get_option_text();
  if (!absl::StrContains(type, "|")) return {};
  return absl::StrSplit(type, '|');
}

}  // namespace mqttpush::cli
