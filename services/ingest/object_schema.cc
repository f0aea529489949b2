#include "services/ingest/object_schema.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

using JsonValue = rapidjson::Value;

// In the order of ObjectType.
constexpr const char* kSchemaNames[] = {
    "Asset", "Location", "SensorData", "ReeferData", "GensetData", "GtoemData"};

// `where` is the place in the document, for messages.
absl::Status Error(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("OpenAPI ", where, ": ", what));
}

absl::string_view Text(const JsonValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

// The member `key` of `object`, nullptr if there is none.
const JsonValue* Member(const JsonValue& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

absl::Status CheckKeywords(const JsonValue& schema, absl::string_view where,
                           const std::vector<absl::string_view>& known) {
  if (!schema.IsObject()) return Error(where, "not an object");
  for (const auto& member : schema.GetObject()) {
    const absl::string_view keyword = Text(member.name);
    if (std::find(known.begin(), known.end(), keyword) == known.end()) {
      return Error(where,
                   absl::StrCat("keyword ", keyword, " would not be enforced"));
    }
  }
  return absl::OkStatus();
}

// "type" and "format" in one, as "integer:int64"; "null" among the types sets
// `nullable`.
absl::StatusOr<std::string> ReadType(const JsonValue& schema,
                                     absl::string_view where, bool* nullable) {
  std::string name;
  const JsonValue* type = Member(schema, "type");
  if (type != nullptr && type->IsString()) {
    name = std::string(Text(*type));
  } else if (type != nullptr && type->IsArray()) {
    for (const JsonValue& one : type->GetArray()) {
      if (!one.IsString()) return Error(where, "type: not a string");
      if (Text(one) == "null") {
        *nullable = true;
      } else if (name.empty()) {
        name = std::string(Text(one));
      } else {
        return Error(where, "type: more than one beside null");
      }
    }
  }
  if (name.empty()) return Error(where, "type: missing");
  if (const JsonValue* format = Member(schema, "format")) {
    if (!format->IsString()) return Error(where, "format: not a string");
    absl::StrAppend(&name, ":", Text(*format));
  }
  return name;
}

absl::Status CheckStringItems(const JsonValue& schema,
                              absl::string_view where) {
  const JsonValue* items = Member(schema, "items");
  if (items == nullptr) return Error(where, "items: missing");
  MQTTPUSH_RETURN_IF_ERROR(CheckKeywords(*items, where, {"type"}));
  bool nullable = false;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string type,
                            ReadType(*items, where, &nullable));
  if (type != "string" || nullable) return Error(where, "items: not strings");
  return absl::OkStatus();
}

// Objects within objects are free-form: the file must say so.
absl::Status CheckAdditionalProperties(const JsonValue& schema,
                                       absl::string_view where) {
  const JsonValue* additional = Member(schema, "additionalProperties");
  if (additional != nullptr && additional->IsTrue()) return absl::OkStatus();
  return Error(where, "additionalProperties: must be true");
}

absl::StatusOr<FieldType> ParseType(const std::string& type,
                                    const JsonValue& schema,
                                    absl::string_view where) {
  static constexpr std::pair<absl::string_view, FieldType> kTypes[] = {
      {"string", FieldType::kString},
      {"string:date-time", FieldType::kDateTime},
      {"integer:int32", FieldType::kInt32},
      {"integer:int64", FieldType::kInt64},
      {"number:double", FieldType::kDouble},
      {"boolean", FieldType::kBoolean},
      {"array", FieldType::kStringArray},
      {"object", FieldType::kObject},
  };
  for (const auto& [name, field_type] : kTypes) {
    if (name != type) continue;
    if (field_type == FieldType::kStringArray) {
      MQTTPUSH_RETURN_IF_ERROR(CheckStringItems(schema, where));
    }
    if (field_type == FieldType::kObject) {
      MQTTPUSH_RETURN_IF_ERROR(CheckAdditionalProperties(schema, where));
    }
    return field_type;
  }
  return Error(where, absl::StrCat("type ", type, " is not known"));
}

absl::StatusOr<FieldRule> CompileField(const JsonValue& schema,
                                       absl::string_view name,
                                       absl::string_view where) {
  MQTTPUSH_RETURN_IF_ERROR(CheckKeywords(
      schema, where,
      {"type", "format", "items", "additionalProperties", "description"}));
  FieldRule rule;
  rule.name = std::string(name);
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string type,
                            ReadType(schema, where, &rule.nullable));
  MQTTPUSH_ASSIGN_OR_RETURN(rule.type, ParseType(type, schema, where));
  if (name == "id") rule.role = FieldRole::kObjectId;
  if (name == "assetId") rule.role = FieldRole::kAssetId;
  if (name == "ownerId") rule.role = FieldRole::kOwnerId;
  return rule;
}

absl::Status MarkRequired(const JsonValue& schema, absl::string_view where,
                          std::vector<FieldRule>& rules) {
  const JsonValue* required = Member(schema, "required");
  if (required == nullptr || !required->IsArray()) {
    return Error(where, "required: not an array");
  }
  for (const JsonValue& name : required->GetArray()) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const FieldRule& r) {
          return name.IsString() && r.name == Text(name);
        });
    if (rule == rules.end()) return Error(where, "required: no such property");
    rule->required = true;
  }
  return absl::OkStatus();
}

// Ingest needs the owner to find the tenant, and the ids for the history.
absl::Status CheckRoles(const std::vector<FieldRule>& rules,
                        absl::string_view where) {
  int ids = 0;
  int owners = 0;
  for (const FieldRule& rule : rules) {
    ids += rule.role == FieldRole::kObjectId && rule.required;
    owners += rule.role == FieldRole::kOwnerId && rule.required &&
              rule.type == FieldType::kString;
  }
  if (ids == 1 && owners == 1) return absl::OkStatus();
  return Error(where, "id and ownerId must be required");
}

absl::StatusOr<ObjectSchema> CompileObject(const JsonValue& schema,
                                           absl::string_view where) {
  MQTTPUSH_RETURN_IF_ERROR(
      CheckKeywords(schema, where,
                    {"type", "required", "properties", "additionalProperties",
                     "description"}));
  MQTTPUSH_RETURN_IF_ERROR(CheckAdditionalProperties(schema, where));
  const JsonValue* properties = Member(schema, "properties");
  if (properties == nullptr || !properties->IsObject() ||
      properties->MemberCount() > ObjectSchema::kMaxFields) {
    return Error(where, "properties: not an object, or too many");
  }
  std::vector<FieldRule> rules;
  for (const auto& member : properties->GetObject()) {
    const absl::string_view name = Text(member.name);
    MQTTPUSH_ASSIGN_OR_RETURN(
        FieldRule rule,
        CompileField(member.value, name, absl::StrCat(where, ".", name)));
    rules.push_back(std::move(rule));
  }
  MQTTPUSH_RETURN_IF_ERROR(MarkRequired(schema, where, rules));
  MQTTPUSH_RETURN_IF_ERROR(CheckRoles(rules, where));
  return ObjectSchema(std::move(rules));
}

}  // namespace

ObjectSchema::ObjectSchema(std::vector<FieldRule> rules)
    : rules_(std::move(rules)) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].required) required_ |= uint64_t{1} << i;
  }
}

int ObjectSchema::Find(absl::string_view name, int hint) const {
  const int count = static_cast<int>(rules_.size());
  for (int i = 0, at = hint; i < count; ++i, ++at) {
    if (at >= count) at = 0;
    if (rules_[at].name == name) return at;
  }
  return -1;
}

absl::StatusOr<ObjectSchemas> ObjectSchemas::Compile(
    absl::string_view openapi) {
  rapidjson::Document document;
  document.Parse(openapi.data(), openapi.size());
  if (document.HasParseError()) {
    return Error("document",
                 absl::StrCat("not JSON at byte ", document.GetErrorOffset()));
  }
  const JsonValue* components = Member(document, "components");
  const JsonValue* schemas =
      components == nullptr ? nullptr : Member(*components, "schemas");
  if (schemas == nullptr) return Error("components.schemas", "missing");
  std::vector<ObjectSchema> compiled;
  for (const char* name : kSchemaNames) {
    const JsonValue* schema = Member(*schemas, name);
    if (schema == nullptr) return Error(name, "missing");
    MQTTPUSH_ASSIGN_OR_RETURN(ObjectSchema object,
                              CompileObject(*schema, name));
    compiled.push_back(std::move(object));
  }
  return ObjectSchemas(std::move(compiled));
}

}  // namespace mqttpush
