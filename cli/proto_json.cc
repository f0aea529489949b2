#include "cli/proto_json.h"

#include "absl/strings/ascii.h"
#include "google/protobuf/util/json_util.h"

namespace mqttpush::cli {

std::string ToJson(const google::protobuf::Message& message, JsonForm form) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = form == JsonForm::kIndented;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for an Any of an unknown type; the API has none.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  absl::StripTrailingAsciiWhitespace(&json);
  return json;
}

}  // namespace mqttpush::cli
