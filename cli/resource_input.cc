#include "cli/resource_input.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/errors.h"
#include "cli/yaml.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

// "tls.enabled" and a value become {tls: {enabled: value}}.
YAML::Node Nested(absl::string_view path, YAML::Node value) {
  std::vector<std::string> names = absl::StrSplit(path, '.');
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    YAML::Node outer;
    outer[*name] = value;
    value.reset(outer);
  }
  return value;
}

// `reference` is "" for --set, or the key of a reference.
absl::Status SetOne(const std::string& option, const std::string& reference,
                    const std::string& argument, Session& session,
                    google::protobuf::Message* message,
                    std::vector<std::string>* paths) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(argument, absl::MaxSplits('=', 1));
  if (parts.first.empty() || argument.find('=') == std::string::npos) {
    return UsageError(option, "must be FIELD=VALUE");
  }
  YAML::Node value;
  if (reference.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(value, ParseYaml(parts.second, option));
    // A text that YAML takes for nothing is an empty text here.
    if (value.IsNull() && parts.second.empty()) value = YAML::Node("");
  } else {
    value[reference] = parts.second;
  }
  const FieldSource source{.name = absl::StrCat(option, " ", parts.first),
                           .environment = session.environment};
  return SetFields(source, Nested(parts.first, value), message, paths);
}

}  // namespace

void AddResourceOptions(Command& command, ResourceInput* input) {
  command
      .Option("-f,--file", "FILE", &input->file,
              "Its fields, as YAML or JSON; - is standard input. A text may be "
              "{file: PATH} or {env: NAME} instead, and a password or key must "
              "be.")
      .Options("--set", "FIELD=VALUE", &input->set,
               "Sets a field, as host=broker.example.com, tls.enabled=true or "
               "'owner_ids=[a, b]'. May be given more than once.")
      .Options("--set-file", "FIELD=PATH", &input->set_file,
               "Sets a field to the text of a file, as "
               "tls.ca_certificates_pem=ca.pem.")
      .Options("--set-env", "FIELD=NAME", &input->set_env,
               "Sets a field to the value of an environment variable, as "
               "username_password.password=BROKER_PASSWORD.");
}

absl::Status ReadResource(const ResourceInput& input, Session& session,
                          google::protobuf::Message* message,
                          std::vector<std::string>* paths) {
  if (!input.file.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::string text,
                              ReadInput(input.file, session.console));
    const FieldSource source = SourceOf(input.file, session.environment);
    MQTTPUSH_ASSIGN_OR_RETURN(const YAML::Node node,
                              ParseYaml(text, source.name));
    MQTTPUSH_RETURN_IF_ERROR(SetFields(source, node, message, paths));
  }
  for (const std::string& argument : input.set) {
    MQTTPUSH_RETURN_IF_ERROR(
        SetOne("--set", "", argument, session, message, paths));
  }
  for (const std::string& argument : input.set_file) {
    MQTTPUSH_RETURN_IF_ERROR(
        SetOne("--set-file", "file", argument, session, message, paths));
  }
  for (const std::string& argument : input.set_env) {
    MQTTPUSH_RETURN_IF_ERROR(
        SetOne("--set-env", "env", argument, session, message, paths));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadInput(const std::string& path,
                                      Console& console) {
  if (path != "-") return ReadInput(path);
  return std::string(std::istreambuf_iterator<char>(console.in()), {});
}

FieldSource SourceOf(const std::string& path, const Environment& environment) {
  const size_t slash = path.rfind('/');
  return {.name = path == "-" ? "standard input" : path,
          .folder = slash == std::string::npos ? "" : path.substr(0, slash),
          .environment = environment};
}

}  // namespace mqttpush::cli
