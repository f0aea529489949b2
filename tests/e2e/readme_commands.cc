#include "tests/e2e/readme_commands.h"

#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

// What is between `begin` (and the rest of its line) and `end`.
std::string Between(const std::string& text, const std::string& begin,
                    const std::string& end) {
  const size_t mark = text.find(begin);
  if (mark == std::string::npos) return "";
  const size_t from = text.find('\n', mark) + 1;
  const size_t to = text.find(end, from);
  return to == std::string::npos ? "" : text.substr(from, to - from);
}

}  // namespace

std::string ReadmePart(const std::string& mark) {
  return Between(ReadFile(MQTTPUSH_SOURCE_DIR "/README.md"),
                 "<!-- " + mark + ": begin", "<!-- " + mark + ": end");
}

std::string ShellOf(const std::string& part) {
  return Between(part, "```sh", "```");
}

}  // namespace mqttpush
