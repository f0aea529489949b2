#include "cli/config_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/yaml.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

absl::Status ReadProfile(const std::string& path, const YAML::Node& node,
                         std::map<std::string, std::string>& profile) {
  if (!node.IsMap()) return YamlError(path, node, "a profile must be a map");
  for (const auto& entry : node) {
    const std::string& key = entry.first.Scalar();
    if (key != "server" && key != "timeout") {
      return YamlError(path, entry.first,
                       absl::StrCat("\"", key,
                                    "\" is no setting of a profile: "
                                    "those are server and timeout"));
    }
    if (!entry.second.IsScalar()) {
      return YamlError(path, entry.second,
                       absl::StrCat(key, " must be a text"));
    }
    profile[key] = entry.second.Scalar();
  }
  return absl::OkStatus();
}

absl::Status ReadProfiles(const std::string& path, const YAML::Node& node,
                          ConfigFile& file) {
  if (!node.IsMap()) return YamlError(path, node, "profiles must be a map");
  for (const auto& entry : node) {
    MQTTPUSH_RETURN_IF_ERROR(
        ReadProfile(path, entry.second, file.profiles[entry.first.Scalar()]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConfigFile> ReadConfigFile(const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string text, ReadInput(path));
  MQTTPUSH_ASSIGN_OR_RETURN(const YAML::Node root, ParseYaml(text, path));
  ConfigFile file;
  if (root.IsNull()) return file;
  if (!root.IsMap()) return YamlError(path, root, "must be a map");
  for (const auto& entry : root) {
    const std::string& key = entry.first.Scalar();
    if (key == "profile" && entry.second.IsScalar()) {
      file.profile = entry.second.Scalar();
    } else if (key == "profiles") {
      MQTTPUSH_RETURN_IF_ERROR(ReadProfiles(path, entry.second, file));
    } else {
      return YamlError(path, entry.first,
                       absl::StrCat("\"", key,
                                    "\" is not known here: there "
                                    "are profile (a name) and profiles"));
    }
  }
  return file;
}

}  // namespace mqttpush::cli
