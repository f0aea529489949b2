// The words of the API as people type them: enum values and resource names.
#ifndef MQTTPUSH_CLI_WORDS_H_
#define MQTTPUSH_CLI_WORDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace mqttpush::cli {

// The number of the value that `text` names: in any case, with "-" or nothing
// for "_" ("sensordata", "at-least-once"); a QoS also as 0, 1, 2.
// INVALID_ARGUMENT with all that would do.
absl::StatusOr<int> ParseEnum(const google::protobuf::EnumDescriptor& type,
                              absl::string_view text);
// "waiting|in_flight|...", without UNSPECIFIED: what help and completion show.
std::string EnumChoices(const google::protobuf::EnumDescriptor& type);

// All of `texts`, as a typed enum.
template <typename Enum>
absl::StatusOr<std::vector<Enum>> ParseEnums(
    const google::protobuf::EnumDescriptor& type,
    const std::vector<std::string>& texts) {
  std::vector<Enum> values;
  for (const std::string& text : texts) {
    absl::StatusOr<int> value = ParseEnum(type, text);
    if (!value.ok()) return value.status();
    values.push_back(static_cast<Enum>(*value));
  }
  return values;
}

// Full resource names from short ones: "acme" is "tenants/acme", "acme/main"
// with the collection "brokers" is "tenants/acme/brokers/main". What already
// begins with "tenants/" stays as it is. INVALID_ARGUMENT when it has another
// number of parts.
absl::StatusOr<std::string> TenantName(absl::string_view text);
absl::StatusOr<std::string> ChildName(absl::string_view text,
                                      absl::string_view collection);

// The other way: "acme/main" of "tenants/acme/brokers/main". What is no such
// name stays as it is.
std::string ShortName(absl::string_view name);
// "main" of "tenants/acme/brokers/main".
std::string LastPart(absl::string_view name);
// "tenants/acme" of "tenants/acme/brokers/main".
std::string TenantOf(absl::string_view name);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_WORDS_H_
