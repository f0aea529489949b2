// Fields of a message from YAML, by its descriptor: whatever the API's
// resources have can be given, under the names of the protos or those of their
// JSON.
#ifndef MQTTPUSH_CLI_MESSAGE_FIELDS_H_
#define MQTTPUSH_CLI_MESSAGE_FIELDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/settings.h"
#include "cli/yaml.h"
#include "google/protobuf/message.h"

namespace mqttpush::cli {

// Where values come from, for errors and for what they refer to.
struct FieldSource {
  std::string name;    // of the file, or "--set"
  std::string folder;  // of the file: {file: ...} is relative to it
  Environment environment;
};

// Sets the fields that `node`, a map, names. A text may be given as
// {file: PATH} or {env: NAME} instead; a secret must be. Durations are as
// "90s"; enum values as ParseEnum takes them; null leaves a field unset.
// `paths` gets what was named, for an update mask: "tls.enabled", or a whole
// list or map. INVALID_ARGUMENT names file, line, field and rule.
absl::Status SetFields(const FieldSource& source, const YAML::Node& node,
                       google::protobuf::Message* message,
                       std::vector<std::string>* paths);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_MESSAGE_FIELDS_H_
