#include "workers/process/program_arguments.h"

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

std::optional<ProgramArguments> ParseProgramArguments(int argc, char** argv) {
  ProgramArguments arguments;
  if (argc % 2 == 0) return std::nullopt;
  for (int i = 1; i < argc; i += 2) {
    const absl::string_view name = argv[i];
    if (name == "--hide") {
      arguments.files.hidden = argv[i + 1];
    } else if (name == "--sessions") {
      arguments.files.writable = argv[i + 1];
    } else if (name != "--fd" ||
               !absl::SimpleAtoi(argv[i + 1], &arguments.link_fd)) {
      return std::nullopt;
    }
  }
  if (arguments.link_fd < 0) return std::nullopt;
  return arguments;
}

}  // namespace mqttpush
