#include "services/ingest/asyncapi_document.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

rapidjson::Document Parse(absl::string_view text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  EXPECT_FALSE(document.HasParseError());
  return document;
}

rapidjson::Document Make() {
  const auto text = MakeAsyncApiDocument(kOpenApiDocument);
  EXPECT_TRUE(text.ok()) << text.status();
  return Parse(text.value_or("{}"));
}

// Every "$ref" below `value`.
void FindReferences(const rapidjson::Value& value,
                    std::vector<std::string>& found) {
  if (value.IsArray()) {
    for (const auto& element : value.GetArray()) FindReferences(element, found);
  }
  if (!value.IsObject()) return;
  for (const auto& member : value.GetObject()) {
    if (member.name == "$ref") found.push_back(member.value.GetString());
    FindReferences(member.value, found);
  }
}

TEST(AsyncApiDocumentTest, HasAMessageForEachObject) {
  const rapidjson::Document document = Make();
  EXPECT_STREQ(document["asyncapi"].GetString(), "3.0.0");
  EXPECT_STREQ(document["info"]["version"].GetString(), "1.0.0");
  std::vector<std::string> names;
  for (const auto& message :
       document["channels"]["events"]["messages"].GetObject()) {
    names.push_back(message.name.GetString());
  }
  EXPECT_THAT(names, ElementsAre("Asset", "Location", "SensorData",
                                 "ReeferData", "GensetData", "GtoemData"));
}

TEST(AsyncApiDocumentTest, HasTheSchemasThatIngestValidatesBy) {
  const rapidjson::Document openapi = Parse(kOpenApiDocument);
  EXPECT_TRUE(Make()["components"]["schemas"] ==
              openapi["components"]["schemas"]);
}

TEST(AsyncApiDocumentTest, EveryReferenceLeadsSomewhere) {
  const rapidjson::Document document = Make();
  std::vector<std::string> references;
  FindReferences(document, references);
  EXPECT_THAT(references, SizeIs(13));
  for (const std::string& reference : references) {
    EXPECT_NE(rapidjson::Pointer(reference.c_str()).Get(document), nullptr)
        << reference;
  }
}

TEST(AsyncApiDocumentTest, IsMadeOfAnOpenApiDocumentOnly) {
  for (const char* text : {"", "[]", "{\"info\":{}}", "{\"info\":{"}) {
    EXPECT_EQ(MakeAsyncApiDocument(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace mqttpush
