#include "services/ingest/object_schema.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

std::string Describe(const FieldRule& rule) {
  static constexpr const char* kTypes[] = {"string",  "date-time", "int32",
                                           "int64",   "double",    "boolean",
                                           "strings", "object"};
  return absl::StrCat(rule.name, ":", kTypes[static_cast<int>(rule.type)],
                      rule.nullable ? "?" : "", rule.required ? "!" : "");
}

std::string Describe(const ObjectSchema& schema) {
  std::string text;
  for (const FieldRule& rule : schema.rules()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", Describe(rule));
  }
  return text;
}

// The product page, in short: ! is required, ? is nullable.
TEST(ObjectSchemaTest, TheDocumentIsTheProductPage) {
  const struct {
    ObjectType type;
    std::string want;
  } cases[] = {
      {ObjectType::kAsset,
       "id:string! name:string! ownerId:string! whenCreated:date-time! "
       "whenUpdated:date-time! boxId:string? disabled:boolean note:string? "
       "tags:strings?"},
      {ObjectType::kLocation,
       "id:int64! assetId:string! ownerId:string! whenCreated:date-time! "
       "latitude:double! longitude:double! altitude:double? speed:double? "
       "heading:double? zoneId:string?"},
      {ObjectType::kSensorData,
       "id:int64! assetId:string! ownerId:string! sensorId:string! "
       "sensorType:string! whenCreated:date-time! value:string! type:string! "
       "when_received:int64?"},
      {ObjectType::kReeferData,
       "id:int64! assetId:string! ownerId:string! whenCreated:date-time! "
       "reeferClass:string! data:object!"},
      {ObjectType::kGensetData,
       "id:int64! assetId:string! ownerId:string! whenCreated:date-time! "
       "gensetType:string! data:object! boxId:string?"},
      {ObjectType::kGtoemData,
       "id:int64! assetId:string! ownerId:string! whenCreated:date-time! "
       "payloadType:int32! data:object! boxId:string? when_received:int64?"},
  };
  auto schemas = ObjectSchemas::Compile(kOpenApiDocument);
  ASSERT_TRUE(schemas.ok()) << schemas.status();
  for (const auto& c : cases) {
    EXPECT_EQ(Describe(schemas->Get(c.type)), c.want);
  }
}

TEST(ObjectSchemaTest, FindsARuleFromAnyHint) {
  auto schemas = ObjectSchemas::Compile(kOpenApiDocument);
  ASSERT_TRUE(schemas.ok());
  const ObjectSchema& asset = schemas->Get(ObjectType::kAsset);
  const int count = static_cast<int>(asset.rules().size());
  for (int hint = 0; hint <= count; ++hint) {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(asset.Find(asset.rules()[i].name, hint), i);
    }
    EXPECT_EQ(asset.Find("nothing", hint), -1);
  }
}

// What the compiler does not know would be a promise that nobody keeps.
TEST(ObjectSchemaTest, RefusesWhatItWouldNotEnforce) {
  const struct {
    std::string from;
    std::string to;
    std::string want;
  } cases[] = {
      {"\"openapi\"", "openapi", "not JSON"},
      {"\"Asset\": {", "\"Asst\": {", "Asset: missing"},
      {"\"schemas\"", "\"Schemas\"", "components.schemas: missing"},
      {R"("format": "date-time",)", R"("format": "time",)", "string:time"},
      {R"("format": "int32",)", R"("minimum": 1,)", "minimum"},
      {R"("format": "int32",)", "", "type integer is not known"},
      {R"("items")", R"("elements")", "elements"},
      {R"(["id", )", R"([)", "id and ownerId must be required"},
      {R"(["id", )", R"(["ID", )", "no such property"},
      {R"("additionalProperties": true)", R"("additionalProperties": false)",
       "additionalProperties"},
  };
  for (const auto& c : cases) {
    const std::string text =
        absl::StrReplaceAll(kOpenApiDocument, {{c.from, c.to}});
    ASSERT_NE(text, kOpenApiDocument) << c.from;
    const auto schemas = ObjectSchemas::Compile(text);
    EXPECT_EQ(schemas.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(schemas.status().message()), HasSubstr(c.want));
  }
}

}  // namespace
}  // namespace mqttpush
