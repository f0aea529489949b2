#include "workers/dispatch/event_id_injection.h"

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(EventIdInjectionTest, AppendsAMemberAndKeepsEveryByte) {
  const struct {
    std::string payload;
    std::string want;
  } cases[] = {
      {R"({})", R"({"eventId":"evt_1"})"},
      {R"({ })", R"({ "eventId":"evt_1"})"},
      {" {\n} \n", " {\n\"eventId\":\"evt_1\"} \n"},
      {R"({"a":1})", R"({"a":1,"eventId":"evt_1"})"},
      {R"({ "id": 12345, "longitude": 12.568337})",
       R"({ "id": 12345, "longitude": 12.568337,"eventId":"evt_1"})"},
      {R"({"a" : -0.0 , "b":2.50, "c":1e-7 } )",
       R"({"a" : -0.0 , "b":2.50, "c":1e-7 ,"eventId":"evt_1"} )"},
      // Not at the top level, and not a key.
      {R"({"data":{"eventId":"x"}})",
       R"({"data":{"eventId":"x"},"eventId":"evt_1"})"},
      {R"({"a":[{"eventId":1}],"b":"eventId"})",
       R"({"a":[{"eventId":1}],"b":"eventId","eventId":"evt_1"})"},
      {R"({"a":"\"eventId\":\"x\""})",
       R"({"a":"\"eventId\":\"x\"","eventId":"evt_1"})"},
      {R"({"a":"}","b":"{","c":"]\\"})",
       R"({"a":"}","b":"{","c":"]\\","eventId":"evt_1"})"},
      // Nearly the same name.
      {R"({"eventid":1,"eventId ":2,"event\\Id":3})",
       R"({"eventid":1,"eventId ":2,"event\\Id":3,"eventId":"evt_1"})"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(InjectEventId(c.payload, "eventId", "evt_1"), c.want);
  }
}

TEST(EventIdInjectionTest, ReplacesTheValueOfAMemberOfThatName) {
  const struct {
    std::string payload;
    std::string want;
  } cases[] = {
      {R"({"eventId":"old","b":1})", R"({"eventId":"e","b":1})"},
      {R"({"a":1, "eventId" : 12 , "b":2})",
       R"({"a":1, "eventId" : "e" , "b":2})"},
      {R"({"a":{"b":[1,{}]},"eventId":null})",
       R"({"a":{"b":[1,{}]},"eventId":"e"})"},
      {R"({"eventId":{"x":["}",{}]}})", R"({"eventId":"e"})"},
      {R"({"eventId":[1,[2],"]"] })", R"({"eventId":"e" })"},
      {R"({"eventId":"a\"b,}"})", R"({"eventId":"e"})"},
      {R"({"eventId":""})", R"({"eventId":"e"})"},
      {R"({"\u0065vent\u0049d":true})", R"({"\u0065vent\u0049d":"e"})"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(InjectEventId(c.payload, "eventId", "e"), c.want);
  }
}

TEST(EventIdInjectionTest, EscapesFieldAndId) {
  EXPECT_EQ(InjectEventId("{}", "a\"b\\c\n", "\x01/\"冷"),
            "{\"a\\\"b\\\\c\\u000a\":\"\\u0001/\\\"冷\"}");
  EXPECT_EQ(InjectEventId(R"({"a\"b":1,"冷\ud83d\udea2":2})", "冷🚢", "x"),
            R"({"a\"b":1,"冷\ud83d\udea2":"x"})");
}

class RandomObject {
 public:
  explicit RandomObject(unsigned seed) : random_(seed) {
    document_.SetObject();
    Fill(document_, 0);
  }
  std::string Text() {
    rapidjson::StringBuffer buffer;
    if (random_() % 2 == 0) {
      rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
      document_.Accept(writer);
    } else {
      rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
      document_.Accept(writer);
    }
    return {buffer.GetString(), buffer.GetSize()};
  }

 private:
  rapidjson::Value RandomString() {
    static constexpr const char* kTexts[] = {
        "id", "", "a\"b", "\\", "{", "}]", ",:", "\n", "冷", "eventId", "x"};
    return rapidjson::Value(rapidjson::StringRef(kTexts[random_() % 11]));
  }
  void Fill(rapidjson::Value& object, int depth) {
    for (unsigned i = random_() % 5; i > 0; --i) {
      rapidjson::Value name = RandomString();
      if (object.HasMember(name)) continue;
      object.AddMember(name, RandomValue(depth), document_.GetAllocator());
    }
  }
  rapidjson::Value RandomValue(int depth) {
    rapidjson::Value value;
    switch (random_() % (depth < 4 ? 6 : 4)) {
      case 0:
        return rapidjson::Value(-2.5);
      case 1:
        return rapidjson::Value(true);
      case 2:
        return value;  // null
      case 3:
        return RandomString();
      case 4:
        value.SetArray();
        for (unsigned i = random_() % 4; i > 0; --i) {
          value.PushBack(RandomValue(depth + 1), document_.GetAllocator());
        }
        return value;
      default:
        value.SetObject();
        Fill(value, depth + 1);
        return value;
    }
  }

  std::mt19937 random_;
  rapidjson::Document document_;
};

TEST(EventIdInjectionTest, ChangesNothingElseInRandomObjects) {
  for (unsigned seed = 0; seed < 5000; ++seed) {
    const std::string payload = RandomObject(seed).Text();
    const std::string injected = InjectEventId(payload, "eventId", "evt_1");
    rapidjson::Document want;
    want.Parse(payload.c_str());
    rapidjson::Document got;
    got.Parse(injected.c_str());
    ASSERT_FALSE(got.HasParseError()) << injected;
    if (want.HasMember("eventId")) {
      want["eventId"] = "evt_1";
    } else {
      want.AddMember("eventId", "evt_1", want.GetAllocator());
    }
    ASSERT_EQ(got, want) << payload << "\n" << injected;
    if (payload.find("eventId") == std::string::npos) {
      // The bytes before and after what was inserted are the payload's.
      const size_t end = payload.rfind('}');
      ASSERT_EQ(injected.substr(0, end), payload.substr(0, end));
      ASSERT_EQ(injected.back(), '}');
    }
  }
}

}  // namespace
}  // namespace mqttpush
