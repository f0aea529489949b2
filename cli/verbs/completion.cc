// completion bash|zsh|fish.
#include "cli/completion.h"

#include "absl/status/status.h"
#include "cli/verbs/verbs.h"

namespace mqttpush::cli {

void AddCompletion(CommandTree& tree) {
  using Maker = std::string (*)(const CLI::App&);
  struct Shell {
    const char* name;
    Maker make;
    const char* example;
  };
  Command group = tree.root().Add(
      "completion", "prints the completion script of a shell: bash, zsh, fish");
  for (const Shell& shell :
       {Shell{"bash", BashCompletion,
              "mqttpush completion bash > "
              "~/.local/share/bash-completion/completions/mqttpush"},
        Shell{"zsh", ZshCompletion,
              "mqttpush completion zsh > \"${fpath[1]}/_mqttpush\""},
        Shell{"fish", FishCompletion,
              "mqttpush completion fish > "
              "~/.config/fish/completions/mqttpush.fish"}}) {
    group.Add(shell.name, std::string("for ") + shell.name)
        .Example(shell.example, "Installs it for new shells.")
        .Does([&tree, make = shell.make](
                  Session& session) -> absl::StatusOr<ExitCode> {
          session.console.Write(make(tree.app()));
          return ExitCode::kOk;
        });
  }
}

}  // namespace mqttpush::cli
