#include "services/ingest/field_rule.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

std::string Check(FieldType type, JsonKind kind, absl::string_view text,
                  bool nullable = false) {
  return CheckValue({.name = "x", .type = type, .nullable = nullable}, kind,
                    text);
}

TEST(FieldRuleTest, IntegersAreSpeltAsSuchAndInRange) {
  constexpr char kInt64[] =
      "must be an integer from -9223372036854775808 to 9223372036854775807 "
      "(int64)";
  constexpr char kInt32[] =
      "must be an integer from -2147483648 to 2147483647 (int32)";
  const struct {
    FieldType type;
    std::string number;
    std::string want;
  } cases[] = {
      {FieldType::kInt64, "0", ""},
      {FieldType::kInt64, "-0", ""},
      {FieldType::kInt64, "9223372036854775807", ""},
      {FieldType::kInt64, "-9223372036854775808", ""},
      {FieldType::kInt64, "9223372036854775808", kInt64},
      {FieldType::kInt64, "-9223372036854775809", kInt64},
      {FieldType::kInt64, std::string(400, '9'), kInt64},
      {FieldType::kInt64, "1.0", "must be an integer"},
      {FieldType::kInt64, "1e2", "must be an integer"},
      {FieldType::kInt64, "1E2", "must be an integer"},
      {FieldType::kInt32, "2147483647", ""},
      {FieldType::kInt32, "-2147483648", ""},
      {FieldType::kInt32, "2147483648", kInt32},
      {FieldType::kInt32, "-2147483649", kInt32},
      {FieldType::kInt32, "7.5", "must be an integer"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Check(c.type, JsonKind::kNumber, c.number), c.want) << c.number;
  }
}

TEST(FieldRuleTest, DoublesAreFinite) {
  for (const std::string& number : std::vector<std::string>{
           "0", "-0.0", "2.50", "1e-7", "1E+2", "1.7976931348623157e308",
           "4.9e-324", "1e-999", "-1e-2147483639",
           "123456789012345678901234567890", "0e999", "9007199254740993"}) {
    EXPECT_EQ(Check(FieldType::kDouble, JsonKind::kNumber, number), "")
        << number;
  }
  EXPECT_TRUE(IsFiniteDouble("0." + std::string(400, '0') + "1"));
  EXPECT_TRUE(IsFiniteDouble(std::string(308, '9')));
  for (const std::string& number : std::vector<std::string>{
           std::string("1e999"), std::string("-1e309"), std::string("1.8e308"),
           std::string("1e99999999999999999999"), std::string(310, '9')}) {
    EXPECT_EQ(Check(FieldType::kDouble, JsonKind::kNumber, number),
              "must be in the range of a double")
        << number;
  }
}

TEST(FieldRuleTest, EachTypeTakesItsKindOnly) {
  const struct {
    FieldType type;
    JsonKind kind;
    std::string text;
    std::string broken;
  } cases[] = {
      {FieldType::kString, JsonKind::kString, "", "must be a string"},
      {FieldType::kDateTime, JsonKind::kString, "2024-03-20T14:30:00Z",
       "must be a date-time (RFC 3339), as 2024-03-20T14:30:00Z"},
      {FieldType::kInt32, JsonKind::kNumber, "1", "must be an integer"},
      {FieldType::kInt64, JsonKind::kNumber, "1", "must be an integer"},
      {FieldType::kDouble, JsonKind::kNumber, "1", "must be a number"},
      {FieldType::kBoolean, JsonKind::kBoolean, "", "must be a boolean"},
      {FieldType::kStringArray, JsonKind::kArray, "",
       "must be an array of strings"},
      {FieldType::kObject, JsonKind::kObject, "", "must be an object"},
  };
  for (const auto& c : cases) {
    for (const JsonKind kind :
         {JsonKind::kNull, JsonKind::kBoolean, JsonKind::kNumber,
          JsonKind::kString, JsonKind::kArray, JsonKind::kObject}) {
      const bool right = kind == c.kind;
      EXPECT_EQ(Check(c.type, kind, c.text), right ? "" : c.broken);
      EXPECT_EQ(Check(c.type, kind, c.text, /*nullable=*/true),
                right || kind == JsonKind::kNull ? "" : c.broken + " or null");
    }
  }
}

TEST(FieldRuleTest, DateTimesAreChecked) {
  EXPECT_EQ(Check(FieldType::kDateTime, JsonKind::kString, "2023-02-29"),
            "must be a date-time (RFC 3339), as 2024-03-20T14:30:00Z");
}

}  // namespace
}  // namespace mqttpush
