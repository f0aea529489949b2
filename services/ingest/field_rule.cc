#include "services/ingest/field_rule.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/charconv.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/ingest/date_time.h"

namespace mqttpush {
namespace {

JsonKind KindOf(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kDateTime:
      return JsonKind::kString;
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kDouble:
      return JsonKind::kNumber;
    case FieldType::kBoolean:
      return JsonKind::kBoolean;
    case FieldType::kStringArray:
      return JsonKind::kArray;
    case FieldType::kObject:
      break;
  }
  return JsonKind::kObject;
}

const char* Noun(FieldType type) {
  switch (type) {
    case FieldType::kString:
      return "a string";
    case FieldType::kDateTime:
      return "a date-time (RFC 3339), as 2024-03-20T14:30:00Z";
    case FieldType::kInt32:
    case FieldType::kInt64:
      return "an integer";
    case FieldType::kDouble:
      return "a number";
    case FieldType::kBoolean:
      return "a boolean";
    case FieldType::kStringArray:
      return "an array of strings";
    case FieldType::kObject:
      break;
  }
  return "an object";
}

bool IsIntegerSpelling(absl::string_view number) {
  return std::all_of(number.begin(), number.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

// Of a value of the right kind; "" when it is right.
std::string CheckText(FieldType type, absl::string_view text) {
  int32_t int32;
  int64_t int64;
  switch (type) {
    case FieldType::kDateTime:
      return IsDateTime(text) ? "" : absl::StrCat("must be ", Noun(type));
    case FieldType::kInt32:
      if (!IsIntegerSpelling(text)) return "must be an integer";
      if (absl::SimpleAtoi(text, &int32)) return "";
      return "must be an integer from -2147483648 to 2147483647 (int32)";
    case FieldType::kInt64:
      if (!IsIntegerSpelling(text)) return "must be an integer";
      if (absl::SimpleAtoi(text, &int64)) return "";
      return "must be an integer from -9223372036854775808 to "
             "9223372036854775807 (int64)";
    case FieldType::kDouble:
      return IsFiniteDouble(text) ? "" : "must be in the range of a double";
    default:
      return "";
  }
}

}  // namespace

bool IsFiniteDouble(absl::string_view number) {
  // Short of 300 digits it takes an exponent to leave the range.
  const bool has_exponent =
      std::any_of(number.begin(), number.end(),
                  [](char c) { return c == 'e' || c == 'E'; });
  if (number.size() < 300 && !has_exponent) return true;
  double value = 0;
  const auto result =
      absl::from_chars(number.data(), number.data() + number.size(), value);
  // Out of range is also what is nearer to 0 than any double; that is harmless.
  return result.ec == std::errc() || std::abs(value) < 1;
}

std::string CheckValue(const FieldRule& rule, JsonKind kind,
                       absl::string_view text) {
  if (kind == KindOf(rule.type)) return CheckText(rule.type, text);
  if (kind == JsonKind::kNull && rule.nullable) return "";
  return absl::StrCat("must be ", Noun(rule.type),
                      rule.nullable ? " or null" : "");
}

}  // namespace mqttpush
