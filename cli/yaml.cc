#include "cli/yaml.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/read_file.h"

namespace mqttpush::cli {
namespace {

// Certificates and descriptions of tenants are far smaller.
constexpr size_t kMaxInputBytes = 16 << 20;

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kMaxInputBytes);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " ", text.status().message()));
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
