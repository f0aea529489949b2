#include "cli/yaml.h"

#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/read_file.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

// Certificates and descriptions of tenants are far smaller.
constexpr size_t kMaxInputBytes = 16 << 20;

// Tenant, collection, resource, field, and one to spare; an alias may lead
// back.
constexpr int kMaxDepth = 5;

// A key that is there twice: the parser would take the first one silently.
absl::Status CheckKeys(absl::string_view source, const YAML::Node& node,
                       int depth = 1) {
  if (!node.IsMap() || depth > kMaxDepth) return absl::OkStatus();
  std::set<std::string> keys;
  for (const auto& entry : node) {
    if (entry.first.IsScalar() && !keys.insert(entry.first.Scalar()).second) {
      return YamlError(source, entry.first,
                       absl::StrCat(entry.first.Scalar(), ": is there twice"));
    }
    MQTTPUSH_RETURN_IF_ERROR(CheckKeys(source, entry.second, depth + 1));
  }
  return absl::OkStatus();
}

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
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return YAML::Node();
    if (documents.size() > 1) {
      return YamlError(source, documents[1],
                       "must be one document: a second one begins here");
    }
    MQTTPUSH_RETURN_IF_ERROR(CheckKeys(source, documents[0]));
    return documents[0];
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
