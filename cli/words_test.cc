#include "cli/words.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqttpush/v1/history_service.pb.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseEnumTest, TakesWhatPeopleType) {
  const auto& types = *v1::ObjectType_descriptor();
  for (const char* text : {"SENSOR_DATA", "sensor_data", "sensordata",
                           "SensorData", "sensor-data"}) {
    EXPECT_EQ(ParseEnum(types, text).value_or(0), v1::SENSOR_DATA) << text;
  }
  const auto& qos = *v1::Qos_descriptor();
  EXPECT_EQ(*ParseEnum(qos, "0"), v1::AT_MOST_ONCE);
  EXPECT_EQ(*ParseEnum(qos, "2"), v1::EXACTLY_ONCE);
  EXPECT_EQ(*ParseEnum(qos, "at-least-once"), v1::AT_LEAST_ONCE);
}

TEST(ParseEnumTest, SaysWhatWouldDo) {
  const auto& states = *v1::Delivery::State_descriptor();
  for (const char* text : {"", "lost", "STATE_UNSPECIFIED", "1"}) {
    const auto state = ParseEnum(states, text);
    EXPECT_THAT(std::string(state.status().message()),
                HasSubstr("is none of waiting, in_flight, delivered"));
  }
}

TEST(NamesTest, AreCompleted) {
  EXPECT_EQ(*TenantName("acme"), "tenants/acme");
  EXPECT_EQ(*TenantName("tenants/acme"), "tenants/acme");
  EXPECT_EQ(*ChildName("acme/main", "brokers"), "tenants/acme/brokers/main");
  EXPECT_EQ(*ChildName("tenants/acme/brokers/main", "brokers"),
            "tenants/acme/brokers/main");
  for (const char* text : {"", "a/b", "a/b/c", "tenants/"}) {
    EXPECT_FALSE(TenantName(text).ok()) << text;
  }
  for (const char* text : {"", "acme", "acme/", "/main", "a/b/c",
                           "tenants/acme/subscriptions/events"}) {
    EXPECT_FALSE(ChildName(text, "brokers").ok()) << text;
  }
}

TEST(NamesTest, AreShortened) {
  EXPECT_EQ(ShortName("tenants/acme"), "acme");
  EXPECT_EQ(ShortName("tenants/acme/brokers/main"), "acme/main");
  EXPECT_EQ(ShortName("tenants/acme/deliveries/1-1/attempts/2"), "acme/1-1/2");
  EXPECT_EQ(ShortName("what is this"), "what is this");
  EXPECT_EQ(LastPart("tenants/acme/brokers/main"), "main");
  EXPECT_EQ(TenantOf("tenants/acme/brokers/main"), "tenants/acme");
}

}  // namespace
}  // namespace mqttpush::cli
