// YAML without exceptions, and with the line in every error.
#ifndef MQTTPUSH_CLI_YAML_H_
#define MQTTPUSH_CLI_YAML_H_

#include <yaml-cpp/yaml.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush::cli {

// The text of a file, at most 16 MiB. INVALID_ARGUMENT when it cannot be read.
absl::StatusOr<std::string> ReadInput(const std::string& path);

// The one document of `text`. INVALID_ARGUMENT: `source`, line, and what the
// parser says; also of a second document, and of a key that is there twice.
absl::StatusOr<YAML::Node> ParseYaml(const std::string& text,
                                     absl::string_view source);

// INVALID_ARGUMENT: "source:line: what".
absl::Status YamlError(absl::string_view source, const YAML::Node& node,
                       absl::string_view what);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_YAML_H_
