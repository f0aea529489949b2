#include "services/ingest/object_validator.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// Valid objects to break.
constexpr char kLocation[] =
    R"({"id":12345,"assetId":"asset-1","ownerId":"owner-1",)"
    R"("whenCreated":"2024-03-20T14:30:00Z","latitude":55.676098,)"
    R"("longitude":12.568337})";
constexpr char kAsset[] =
    R"({"id":"asset-1","name":"GTRU1","ownerId":"owner-1",)"
    R"("whenCreated":"2024-03-20T14:30:00Z",)"
    R"("whenUpdated":"2024-03-20T14:30:00Z"})";
constexpr char kReefer[] =
    R"({"id":1,"assetId":"a","ownerId":"o","reeferClass":"c",)"
    R"("whenCreated":"2024-03-20T14:30:00Z","data":{}})";

class ObjectValidatorTest : public ::testing::Test {
 protected:
  // "field: description" of each violation.
  std::vector<std::string> Violations(ObjectType type,
                                      absl::string_view payload) {
    std::vector<std::string> texts;
    for (const auto& v : validator_.Validate(type, payload).violations) {
      texts.push_back(absl::StrCat(v.field, ": ", v.description));
    }
    return texts;
  }
  // Of a location with one member more.
  std::vector<std::string> ViolationsOfLocationWith(absl::string_view member) {
    return Violations(ObjectType::kLocation, With(kLocation, member));
  }
  static std::string With(absl::string_view object, absl::string_view member) {
    return absl::StrCat(absl::StripSuffix(object, "}"), ",", member, "}");
  }
  // A reefer object whose `data` is `value`.
  static std::string Data(absl::string_view value) {
    return absl::StrReplaceAll(
        kReefer,
        {{"\"data\":{}", absl::StrCat("\"data\":{\"x\":", value, "}")}});
  }

  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  ObjectValidator validator_{&schemas_};
};

TEST_F(ObjectValidatorTest, ExtractsTheIds) {
  auto location = validator_.Validate(ObjectType::kLocation, kLocation);
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location.ids.object_id, "12345");
  EXPECT_EQ(location.ids.asset_id, "asset-1");
  EXPECT_EQ(location.ids.owner_id, "owner-1");
  auto asset = validator_.Validate(ObjectType::kAsset, kAsset);
  ASSERT_TRUE(asset.ok());
  EXPECT_EQ(asset.ids.object_id, "asset-1");
  EXPECT_EQ(asset.ids.asset_id, "asset-1");
  EXPECT_EQ(asset.ids.owner_id, "owner-1");
}

TEST_F(ObjectValidatorTest, IdsAreUnescaped) {
  auto result = validator_.Validate(
      ObjectType::kAsset,
      absl::StrReplaceAll(kAsset, {{"asset-1", R"(\u0061\/\ud83d\udea2\n)"},
                                   {"ownerId", R"(owner\u0049d)"},
                                   {"owner-1", ""}}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.ids.object_id, "a/🚢\n");
  EXPECT_EQ(result.ids.owner_id, "");
}

TEST_F(ObjectValidatorTest, AcceptsEveryLineOfTheSampleFleet) {
  static constexpr std::pair<absl::string_view, ObjectType> kTypes[] = {
      {"asset.0", ObjectType::kAsset},
      {"location.0", ObjectType::kLocation},
      {"sensordata.0", ObjectType::kSensorData},
      {"reeferdata.0", ObjectType::kReeferData},
      {"gensetdata.0", ObjectType::kGensetData},
      {"gtoemdata.0", ObjectType::kGtoemData}};
  std::ifstream file(FLEET_FILE);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    rapidjson::Document event;
    event.Parse(line.c_str());
    ASSERT_FALSE(event.HasParseError()) << line;
    const absl::string_view flow_type = event["flowType"].GetString();
    const auto type = std::find_if(
        std::begin(kTypes), std::end(kTypes),
        [&](const auto& named) { return named.first == flow_type; });
    ASSERT_NE(type, std::end(kTypes)) << flow_type;
    // The payload member's own text: from its key to the member after it.
    const size_t begin = line.find("\"payload\":") + 10;
    const size_t end = line.rfind(",\"validTime\":");
    const std::string payload = line.substr(begin, end - begin);
    EXPECT_THAT(Violations(type->second, payload), IsEmpty()) << payload;
  }
  EXPECT_GT(lines, 500);
}

TEST_F(ObjectValidatorTest, NamesEveryBrokenFieldAtOnce) {
  EXPECT_THAT(
      Violations(
          ObjectType::kLocation,
          R"({"id":1.5,"ownerId":7,"whenCreated":"2023-02-29T00:00:00Z",)"
          R"("latitude":null,"speed":"fast","heading":null})"),
      UnorderedElementsAre(
          "payload.id: must be an integer", "payload.ownerId: must be a string",
          "payload.whenCreated: must be a date-time (RFC 3339), as "
          "2024-03-20T14:30:00Z",
          "payload.latitude: must be a number",
          "payload.speed: must be a number or null",
          "payload.assetId: required", "payload.longitude: required"));
  EXPECT_THAT(Violations(ObjectType::kLocation, "{}"), SizeIs(6));
}

TEST_F(ObjectValidatorTest, ChecksFieldsOfEachType) {
  const struct {
    ObjectType type;
    std::string payload;
    std::string want;  // empty: valid
  } cases[] = {
      {ObjectType::kAsset, With(kAsset, R"("tags":["a","b"])"), ""},
      {ObjectType::kAsset, With(kAsset, R"("tags":[])"), ""},
      {ObjectType::kAsset, With(kAsset, R"("tags":null)"), ""},
      {ObjectType::kAsset, With(kAsset, R"("tags":["a","b",3])"),
       "payload.tags[2]: must be a string"},
      {ObjectType::kAsset, With(kAsset, R"("tags":["a",null])"),
       "payload.tags[1]: must be a string"},
      {ObjectType::kAsset, With(kAsset, R"("tags":[["a"]])"),
       "payload.tags[0]: must be a string"},
      {ObjectType::kAsset, With(kAsset, R"("tags":[{"a":[1]}])"),
       "payload.tags[0]: must be a string"},
      {ObjectType::kAsset, With(kAsset, R"("tags":"a")"),
       "payload.tags: must be an array of strings or null"},
      {ObjectType::kAsset, With(kAsset, R"("disabled":true)"), ""},
      {ObjectType::kAsset, With(kAsset, R"("disabled":null)"),
       "payload.disabled: must be a boolean"},
      {ObjectType::kAsset, With(kAsset, R"("disabled":0)"),
       "payload.disabled: must be a boolean"},
      {ObjectType::kReeferData, Data("[1,{}]"), ""},
      {ObjectType::kReeferData, absl::StrReplaceAll(kReefer, {{"{}}", "[]}"}}),
       "payload.data: must be an object"},
      {ObjectType::kReeferData,
       absl::StrReplaceAll(kReefer, {{"{}}", "null}"}}),
       "payload.data: must be an object"},
      // More fields than the schema has, of any kind, also named as its own.
      {ObjectType::kLocation, With(kLocation, R"("more":{"id":null})"), ""},
      {ObjectType::kLocation, With(kLocation, R"("tags":[1])"), ""},
      {ObjectType::kLocation, With(kLocation, R"("":"")"), ""},
  };
  for (const auto& c : cases) {
    const auto got = Violations(c.type, c.payload);
    EXPECT_EQ(absl::StrJoin(got, "\n"), c.want) << c.payload;
  }
}

TEST_F(ObjectValidatorTest, NumbersKeepTheirMeaning) {
  const struct {
    std::string number;  // of `id`, and of `latitude`
    bool is_id;
    bool is_latitude;
  } cases[] = {
      {"9223372036854775807", true, true},
      {"9223372036854775808", false, true},
      {"-9223372036854775808", true, true},
      {"-9223372036854775809", false, true},
      {"0", true, true},
      {"-0", true, true},
      {"2.50", false, true},
      {"-0.0", false, true},
      {"1e-7", false, true},
      {"1.0", false, true},
      {"1E3", false, true},
      {"1e308", false, true},
      {"1e-999", false, true},
      {"0.12345678901234567e-2147483639", false, true},
      {"1e999", false, false},
      {"-1e999", false, false},
      {"1.8e308", false, false},
      {std::string(1000, '9'), false, false},
      // Not JSON.
      {"01", false, false},
      {"+1", false, false},
      {".5", false, false},
      {"5.", false, false},
      {"-", false, false},
      {"1e", false, false},
      {"0x10", false, false},
      {"NaN", false, false},
      {"Infinity", false, false},
      {"1_000", false, false},
  };
  for (const auto& c : cases) {
    const std::string id =
        absl::StrReplaceAll(kLocation, {{"12345", c.number}});
    const std::string latitude =
        absl::StrReplaceAll(kLocation, {{"55.676098", c.number}});
    auto result = validator_.Validate(ObjectType::kLocation, id);
    EXPECT_EQ(result.ok(), c.is_id) << c.number;
    EXPECT_EQ(result.ids.object_id, c.is_id ? c.number : "");
    EXPECT_EQ(Violations(ObjectType::kLocation, latitude).empty(),
              c.is_latitude)
        << c.number;
  }
  EXPECT_THAT(Violations(ObjectType::kReeferData, Data("[0,{\"y\":1e999}]")),
              ElementsAre("payload.data.x[1].y: must be in the range of a "
                          "double"));
  EXPECT_THAT(Violations(ObjectType::kReeferData, Data("[0,1,1e999]")),
              ElementsAre("payload.data.x[2]: must be in the range of a "
                          "double"));
}

TEST_F(ObjectValidatorTest, RefusesDuplicateKeys) {
  const struct {
    std::string payload;
    std::string want;
  } cases[] = {
      {With(kReefer, R"("id":1)"), "payload.id: duplicate key"},
      {With(kReefer, R"("\u0069d":1)"), "payload.id: duplicate key"},
      {With(kReefer, R"("a":1,"\u0061":2)"), "payload.a: duplicate key"},
      {With(kReefer, R"("冷":1,"\u51b7":2)"), "payload.冷: duplicate key"},
      {With(kReefer, R"("🚢":1,"\ud83d\udea2":2)"), "payload.🚢: duplicate key"},
      {With(kReefer, R"("/":1,"\/":2)"), "payload./: duplicate key"},
      {Data(R"([1,{"b":{"c":1,"d":2,"c":3}}])"),
       "payload.data.x[1].b.c: duplicate key"},
      {With(kReefer, R"("":1,"":2)"), "payload.: duplicate key"},
      {With(kReefer, R"("Id":1,"i d":2,"iD":3)"), ""},
      {Data(R"({"x":{"x":{"id":1}},"id":2})"), ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        absl::StrJoin(Violations(ObjectType::kReeferData, c.payload), "\n"),
        c.want)
        << c.payload;
  }
}

TEST_F(ObjectValidatorTest, RefusesByNameWhatIsNoJsonObject) {
  const struct {
    std::string payload;
    std::string want;
  } cases[] = {
      {"", "payload: required"},
      {" ", "payload: must be well-formed JSON: "},
      {"null", "payload: must be a JSON object"},
      {"true", "payload: must be a JSON object"},
      {"12", "payload: must be a JSON object"},
      {"\"{}\"", "payload: must be a JSON object"},
      {"[{}]", "payload: must be a JSON object"},
      {"nope", "payload: must be well-formed JSON: "},
      {absl::StrCat(kReefer, "x"),
       "payload: must not have trailing characters"},
      {absl::StrCat(kReefer, kReefer),
       "payload: must not have trailing characters"},
      {absl::StrCat(kReefer, absl::string_view("\0", 1)),
       "payload: must not have trailing characters"},
      {absl::StrCat("\xEF\xBB\xBF", kReefer),
       "payload: must not begin with a byte order mark"},
      {absl::StrReplaceAll(kReefer, {{"\"c\"", "\"\xFF\""}}),
       "payload: must be valid UTF-8: it is not at byte "},
      {absl::StrReplaceAll(kReefer, {{"\"c\"", "\"\xED\xA0\x80\""}}),
       "payload: must be valid UTF-8: it is not at byte "},
      {absl::StrReplaceAll(kReefer, {{"\"c\"", "\"\xC0\x80\""}}),
       "payload: must be valid UTF-8: it is not at byte "},
      {absl::StrReplaceAll(kReefer, {{"}}", "}"}}),
       "payload: must be well-formed JSON: "},
      {"{\"a\":1,}", "payload: must be well-formed JSON: "},
      {"{\"a\" 1}", "payload: must be well-formed JSON: "},
      {"{a:1}", "payload: must be well-formed JSON: "},
      {"{'a':1}", "payload: must be well-formed JSON: "},
      {"{\"a\":[1,]}", "payload: must be well-formed JSON: "},
      {"{\"a\":[1 2]}", "payload: must be well-formed JSON: "},
      {"{\"a\":tru}", "payload: must be well-formed JSON: "},
      {"{\"a\":True}", "payload: must be well-formed JSON: "},
      {"{} // comment", "payload: must not have trailing characters"},
      {"{/* comment */}", "payload: must be well-formed JSON: "},
      {"{\"a\":\"b", "payload: must be well-formed JSON: "},
      {"{\"a\":\"tab\there\"}", "payload: must be well-formed JSON: "},
      {std::string("{\"a\":\"nul\0\"}", 12),
       "payload: must be well-formed JSON: "},
      {std::string("{\"a\":\0 1}", 9), "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\x41\"}", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\u00g1\"}", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\u12", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\ud800\"}", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\ud800\\u0041\"}", "payload: must be well-formed JSON: "},
      {"{\"a\":\"\\udc00\"}", "payload.a: must not have an unpaired surrogate"},
      {"{\"\\udc00\":1}", "payload.?: must not have an unpaired surrogate"},
      {"{\"a\":\xC2\xA0"
       "1}",
       "payload: must be well-formed JSON: "},
  };
  for (const auto& c : cases) {
    const auto got = Violations(ObjectType::kReeferData, c.payload);
    ASSERT_FALSE(got.empty()) << c.payload;
    EXPECT_THAT(got.front(), StartsWith(c.want)) << c.payload;
  }
}

TEST_F(ObjectValidatorTest, TellsWhereTheJsonIsMalformed) {
  EXPECT_THAT(Violations(ObjectType::kReeferData, R"({"id":"x","a" 1})"),
              ElementsAre("payload.id: must be an integer",
                          "payload: must be well-formed JSON: Missing a colon "
                          "after a name of object member. At byte 14"));
}

TEST_F(ObjectValidatorTest, BoundsTheDepth) {
  // The object and `data` are two levels.
  const int deepest = limits::kMaxJsonDepth - 2;
  auto nested = [](int levels) {
    return Data(std::string(levels, '[') + std::string(levels, ']'));
  };
  EXPECT_THAT(Violations(ObjectType::kReeferData, nested(deepest)), IsEmpty());
  EXPECT_THAT(Violations(ObjectType::kReeferData, nested(deepest + 1)),
              ElementsAre("payload: must not be nested deeper than 32 levels"));
  EXPECT_THAT(
      Violations(ObjectType::kReeferData, Data(std::string(100'000, '['))),
      ElementsAre("payload: must not be nested deeper than 32 levels"));
  std::string objects;
  while (objects.size() < 200'000) objects += "{\"a\":";
  EXPECT_THAT(Violations(ObjectType::kReeferData, objects),
              ElementsAre("payload: must not be nested deeper than 32 levels"));
}

TEST_F(ObjectValidatorTest, BoundsTheSize) {
  const size_t fixed = Data("\"\"").size();
  const std::string fits(limits::kMaxPayloadBytes - fixed, 'x');
  EXPECT_THAT(
      Violations(ObjectType::kReeferData, Data(absl::StrCat("\"", fits, "\""))),
      IsEmpty());
  EXPECT_THAT(Violations(ObjectType::kReeferData,
                         Data(absl::StrCat("\"", fits, "x\""))),
              ElementsAre("payload: must not be larger than 262144 bytes"));
}

TEST_F(ObjectValidatorTest, BoundsTheViolations) {
  std::string tags = "\"tags\":[0";
  for (int i = 0; i < 1000; ++i) tags += ",0";
  EXPECT_THAT(Violations(ObjectType::kAsset, With(kAsset, tags + "]")),
              SizeIs(50));
}

TEST_F(ObjectValidatorTest, ShowsLongKeysCutBetweenCharacters) {
  // 64 bytes end within a character of three.
  std::string key;
  for (int i = 0; i < 1000; ++i) key += "冷";
  const std::string member = absl::StrCat("\"", key, "\":1");
  EXPECT_THAT(ViolationsOfLocationWith(absl::StrCat(member, ",", member)),
              ElementsAre(absl::StrCat("payload.", key.substr(0, 63),
                                       ": duplicate key")));
}

TEST_F(ObjectValidatorTest, TextsOfAnyKindAreFine) {
  for (const absl::string_view text :
       {R"("\"\\\/\b\f\n\r\t\u0000\u001f")", R"("\ud83d\udea2\uFFFF\uE000")",
        "\"\x7f 冷藏集装箱 🚢 مبردة \xE2\x80\xA8 \xEF\xBF\xBF\"", R"("")"}) {
    EXPECT_THAT(ViolationsOfLocationWith(absl::StrCat("\"zoneId\":", text)),
                IsEmpty())
        << text;
  }
}

TEST_F(ObjectValidatorTest, ManyKeysAreNotQuadratic) {
  std::string data = "{\"k\":0";
  for (int i = 0; data.size() < 200'000; ++i) {
    absl::StrAppend(&data, ",\"", i, "\":0");
  }
  EXPECT_THAT(Violations(ObjectType::kReeferData, Data(data + "}")), IsEmpty());
  EXPECT_THAT(Violations(ObjectType::kReeferData, Data(data + ",\"99\":1}")),
              ElementsAre("payload.data.x.99: duplicate key"));
}

// Whatever the bytes, an answer, and no report of a sanitizer.
TEST_F(ObjectValidatorTest, SurvivesEveryCutAndEveryChangedByte) {
  const std::string payload = Data(R"(["a\u0041\ud83d\udea2",-1.5e+3,null])");
  for (size_t i = 0; i < payload.size(); ++i) {
    EXPECT_FALSE(
        Violations(ObjectType::kReeferData, payload.substr(0, i)).empty());
    for (const char byte : {'\0', '"', '\\', '{', '}', '[', '0', '\xFF', 'e'}) {
      std::string changed = payload;
      changed[i] = byte;
      Violations(ObjectType::kReeferData, changed);
    }
  }
}

}  // namespace
}  // namespace mqttpush
