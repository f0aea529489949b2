// FieldRule: what an object schema says about one field.
#ifndef MQTTPUSH_SERVICES_INGEST_FIELD_RULE_H_
#define MQTTPUSH_SERVICES_INGEST_FIELD_RULE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// A JSON value as the parser reports it.
enum class JsonKind { kNull, kBoolean, kNumber, kString, kArray, kObject };

// The types that the schemas use; OpenAPI's type and format in one.
enum class FieldType {
  kString,
  kDateTime,
  kInt32,
  kInt64,
  kDouble,
  kBoolean,
  kStringArray,
  kObject,
};

// Fields that ingest reads itself.
enum class FieldRole { kNone, kObjectId, kAssetId, kOwnerId };

struct FieldRule {
  std::string name;
  FieldType type = FieldType::kString;
  bool nullable = false;
  bool required = false;
  FieldRole role = FieldRole::kNone;
};

// Returns the rule that a value breaks, as "must be an integer", or "" if it
// breaks none. `text`: of a string its characters, of a number its spelling.
// An integer is a number spelt without fraction and exponent, so 1.0 is none.
// The elements of an array are not looked at.
std::string CheckValue(const FieldRule& rule, JsonKind kind,
                       absl::string_view text);

// Whether a number, spelt as in JSON, is in the range of a double.
bool IsFiniteDouble(absl::string_view number);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_FIELD_RULE_H_
