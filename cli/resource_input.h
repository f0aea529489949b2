// ResourceInput: a resource as a person describes it, by file and options.
#ifndef MQTTPUSH_CLI_RESOURCE_INPUT_H_
#define MQTTPUSH_CLI_RESOURCE_INPUT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/command.h"
#include "cli/message_fields.h"
#include "cli/settings.h"
#include "google/protobuf/message.h"

namespace mqttpush::cli {

struct ResourceInput {
  std::string file;                   // -f; "-" is standard input
  std::vector<std::string> set;       // --set FIELD=VALUE
  std::vector<std::string> set_file;  // --set-file FIELD=PATH
  std::vector<std::string> set_env;   // --set-env FIELD=NAME
};

// -f, --set, --set-file, --set-env.
void AddResourceOptions(Command& command, ResourceInput* input);

// Sets the fields of `message`, first those of the file, and appends to `paths`
// which ones: an update mask. INVALID_ARGUMENT names the option or line.
absl::Status ReadResource(const ResourceInput& input, Session& session,
                          google::protobuf::Message* message,
                          std::vector<std::string>* paths);

// The text of a file, or of standard input for "-".
absl::StatusOr<std::string> ReadInput(const std::string& path,
                                      Console& console);
// What YAML of that file is read with.
FieldSource SourceOf(const std::string& path, const Environment& environment);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESOURCE_INPUT_H_
