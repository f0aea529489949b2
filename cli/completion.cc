#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "cli/help.h"

namespace mqttpush::cli {
namespace {

using Visitor = std::function<void(const CLI::App&)>;

void VisitAll(const CLI::App& app, const Visitor& visit) {
  visit(app);
  for (const CLI::App* command : CommandsOf(app)) VisitAll(*command, visit);
}

// Its own and those of the commands above it, which may stand anywhere.
std::vector<const CLI::Option*> OptionsFor(const CLI::App& app) {
  std::vector<const CLI::Option*> options =
      app.get_options([&](const CLI::Option* option) {
        return option->nonpositional() &&
               (app.get_parent() == nullptr || option != app.get_help_ptr());
      });
  if (app.get_parent() != nullptr) {
    const auto above = OptionsFor(*app.get_parent());
    options.insert(options.end(), above.begin(), above.end());
  }
  return options;
}

std::vector<std::string> WordsFor(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : CommandsOf(app)) {
    words.push_back(command->get_name());
  }
  for (const CLI::Option* option : OptionsFor(app)) {
    for (std::string& flag : FlagsOf(*option)) words.push_back(std::move(flag));
  }
  return words;
}

// `path word) path="$path $word" ;;` for each command.
std::string PathCases(const CLI::App& root) {
  std::string cases;
  VisitAll(root, [&](const CLI::App& app) {
    if (app.get_parent() == nullptr) return;
    absl::StrAppend(&cases, "      '", PathOf(app),
                    "') path=\"$path $word\" ;;\n");
  });
  return cases;
}

// `path option) words="..." ;;` for each option with choices.
std::string ChoiceCases(const CLI::App& root) {
  std::string cases;
  VisitAll(root, [&](const CLI::App& app) {
    for (const CLI::Option* option : OptionsFor(app)) {
      const auto choices = ChoicesOf(*option);
      if (choices.empty()) continue;
      for (const std::string& flag : FlagsOf(*option)) {
        absl::StrAppend(&cases, "    '", PathOf(app), " ", flag, "') words='",
                        absl::StrJoin(choices, " "), "' ;;\n");
      }
    }
  });
  return cases;
}

std::string WordCases(const CLI::App& root) {
  std::string cases;
  VisitAll(root, [&](const CLI::App& app) {
    absl::StrAppend(&cases, "      '", PathOf(app), "') words='",
                    absl::StrJoin(WordsFor(app), " "), "' ;;\n");
  });
  return cases;
}

// Of bash and zsh: the part that finds `words`, given `line`, the words before
// the one that is completed, and `previous`.
constexpr char kFindWords[] = R"(  local path=mqttpush words= word
  for word in "${line[@]}"; do
    case "$path $word" in
PATH_CASES    esac
  done
  case "$path $previous" in
CHOICE_CASES    *)
      case "$path" in
WORD_CASES      esac ;;
  esac
)";

std::string FindWords(const CLI::App& root) {
  return absl::StrReplaceAll(kFindWords, {{"PATH_CASES", PathCases(root)},
                                          {"CHOICE_CASES", ChoiceCases(root)},
                                          {"WORD_CASES", WordCases(root)}});
}

std::string FishQuoted(absl::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FirstSentence(const std::string& text) {
  return text.substr(0, text.find(". "));
}

// The line of one option below a condition.
std::string FishOption(const CLI::Option& option,
                       const std::string& condition) {
  std::string line = absl::StrCat("complete -c mqttpush -n ", condition);
  for (const std::string& flag : FlagsOf(option)) {
    const bool is_long = absl::StartsWith(flag, "--");
    absl::StrAppend(&line, is_long ? " -l " : " -s ",
                    absl::StripPrefix(absl::StripPrefix(flag, "-"), "-"));
  }
  const auto choices = ChoicesOf(option);
  if (!choices.empty()) {
    absl::StrAppend(&line, " -xa ", FishQuoted(absl::StrJoin(choices, " ")));
  } else if (!option.get_option_text().empty()) {
    absl::StrAppend(&line, " -r");
  }
  return absl::StrCat(
      line, " -d ", FishQuoted(FirstSentence(option.get_description())), "\n");
}

constexpr char kFishPath[] = R"(function __mqttpush_at
  set -l path mqttpush
  for word in (commandline -opc)[2..]
    switch "$path $word"
      case COMMANDS
        set path "$path $word"
    end
  end
  test "$path" = "$argv"
end
)";

}  // namespace

std::string BashCompletion(const CLI::App& root) {
  return absl::StrCat(
      "# bash completion of mqttpush; made by: mqttpush completion bash\n"
      "_mqttpush() {\n"
      "  local line=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
      "  local previous=${COMP_WORDS[COMP_CWORD-1]}\n",
      FindWords(root),
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
      "\"${COMP_WORDS[COMP_CWORD]}\")\n"
      "}\n"
      "complete -o default -F _mqttpush mqttpush\n");
}

std::string ZshCompletion(const CLI::App& root) {
  return absl::StrCat(
      "#compdef mqttpush\n"
      "# zsh completion of mqttpush; made by: mqttpush completion zsh\n"
      "_mqttpush() {\n"
      "  local line=(\"${(@)words[2,CURRENT-1]}\")\n"
      "  local previous=${words[CURRENT-1]}\n",
      absl::StrReplaceAll(FindWords(root), {{"words=", "found="}}),
      "  compadd -- ${=found} || _files\n"
      "}\n"
      "compdef _mqttpush mqttpush\n");
}

std::string FishCompletion(const CLI::App& root) {
  std::vector<std::string> paths;
  std::string lines;
  VisitAll(root, [&](const CLI::App& app) {
    const std::string condition =
        FishQuoted(absl::StrCat("__mqttpush_at ", PathOf(app)));
    if (app.get_parent() != nullptr) paths.push_back(FishQuoted(PathOf(app)));
    for (const CLI::App* command : CommandsOf(app)) {
      absl::StrAppend(&lines, "complete -c mqttpush -f -n ", condition, " -a ",
                      command->get_name(), " -d ",
                      FishQuoted(SummaryOf(*command)), "\n");
    }
    for (const CLI::Option* option : OptionsFor(app)) {
      absl::StrAppend(&lines, FishOption(*option, condition));
    }
  });
  return absl::StrCat(
      "# fish completion of mqttpush; made by: mqttpush completion fish\n",
      absl::StrReplaceAll(kFishPath, {{"COMMANDS", absl::StrJoin(paths, " ")}}),
      lines);
}

}  // namespace mqttpush::cli
