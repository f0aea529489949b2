#include "cli/yaml.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mqttpush::cli {

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.is_open() && !file.bad()) return text;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
}

absl::StatusOr<YAML::Node> ParseYaml(const std::string& text,
                                     absl::string_view source) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ":", error.mark.line + 1, ": ", error.msg));
  }
}

absl::Status YamlError(absl::string_view source, const YAML::Node& node,
                       absl::string_view what) {
  const int line = node.Mark().line;
  // An argument has no lines.
  if (line < 0 || absl::StartsWith(source, "--"))
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
  return absl::InvalidArgumentError(
      absl::StrCat(source, ":", line + 1, ": ", what));
}

}  // namespace mqttpush::cli
