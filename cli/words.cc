#include "cli/words.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::EnumDescriptor;

std::string Plain(absl::string_view text) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(text),
                             {{"_", ""}, {"-", ""}});
}

std::string QosAsNumber(absl::string_view text) {
  if (text == "0") return "AT_MOST_ONCE";
  if (text == "1") return "AT_LEAST_ONCE";
  if (text == "2") return "EXACTLY_ONCE";
  return std::string(text);
}

absl::Status BadName(absl::string_view text, absl::string_view forms) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no such name: give ", forms));
}

}  // namespace

absl::StatusOr<int> ParseEnum(const EnumDescriptor& type,
                              absl::string_view text) {
  const bool is_qos = &type == v1::Qos_descriptor();
  const std::string plain = Plain(is_qos ? QosAsNumber(text) : text);
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    if (value.number() != 0 && Plain(value.name()) == plain) {
      return value.number();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is none of ",
                   absl::StrReplaceAll(EnumChoices(type), {{"|", ", "}})));
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    if (value.number() != 0)
      names.push_back(absl::AsciiStrToLower(value.name()));
  }
  return absl::StrJoin(names, "|");
}

absl::StatusOr<std::string> TenantName(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() == 1 && !text.empty()) return absl::StrCat("tenants/", text);
  if (parts.size() == 2 && parts[0] == "tenants" && !parts[1].empty()) {
    return std::string(text);
  }
  return BadName(text, "TENANT or tenants/TENANT");
}

absl::StatusOr<std::string> ChildName(absl::string_view text,
                                      absl::string_view collection) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && !parts[0].empty() && !parts[1].empty()) {
    return absl::StrCat("tenants/", parts[0], "/", collection, "/", parts[1]);
  }
  if (parts.size() == 4 && parts[0] == "tenants" && parts[2] == collection) {
    return std::string(text);
  }
  return BadName(
      text, absl::StrCat("TENANT/ID or tenants/TENANT/", collection, "/ID"));
}

std::string ShortName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() < 2 || parts[0] != "tenants") return std::string(name);
  // Every second part: the ids.
  std::string ids(parts[1]);
  for (size_t i = 3; i < parts.size(); i += 2) {
    absl::StrAppend(&ids, "/", parts[i]);
  }
  return ids;
}

std::string LastPart(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return std::string(slash == name.npos ? name : name.substr(slash + 1));
}

std::string TenantOf(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() < 2) return std::string(name);
  return absl::StrCat(parts[0], "/", parts[1]);
}

}  // namespace mqttpush::cli
