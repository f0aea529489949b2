// ToYaml: a resource as people read and write it.
#ifndef MQTTPUSH_CLI_MESSAGE_YAML_H_
#define MQTTPUSH_CLI_MESSAGE_YAML_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace mqttpush::cli {

// The fields that are set, by their proto names, so that SetFields() takes them
// again. What the service sets, but for the name, comes as comments;
// times also as how long ago.
std::string ToYaml(const google::protobuf::Message& message, absl::Time now);

// One value of a field, as ToYaml writes it in one line; `index` of a list's.
std::string ScalarText(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field,
                       int index = -1);

// As JSON and YAML quote it; as it is when that means the same in YAML.
std::string Quoted(absl::string_view text);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_MESSAGE_YAML_H_
