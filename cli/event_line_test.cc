#include "cli/event_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;

constexpr auto kNoType = v1::OBJECT_TYPE_UNSPECIFIED;

TEST(EventLineTest, KeepsThePayloadsBytes) {
  const auto event =
      ParseEventLine(R"({"payload": {"id" : 90071992547409931, "v":2.50,)"
                     R"("payload":{"x":[{}]}},)"
                     R"( "objectType":"Location","eventId":"e-1"})",
                     kNoType);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->payload(),
            R"({"id" : 90071992547409931, "v":2.50,"payload":{"x":[{}]}})");
  EXPECT_EQ(event->object_type(), v1::LOCATION);
  EXPECT_EQ(event->event_id(), "e-1");
}

TEST(EventLineTest, TakesFlowcoresEnvelopes) {
  const auto event = ParseEventLine(
      R"({"flowType":"sensordata.0","metadata":{"eventId":"no"},)"
      R"("eventId":"e","payload":{}})",
      kNoType);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->object_type(), v1::SENSOR_DATA);
  EXPECT_EQ(event->event_id(), "e");
  const auto legacy = ParseEventLine(
      R"({"aggregator":"asset.0","flowType":"location.0","payload":{}})",
      kNoType);
  ASSERT_TRUE(legacy.ok()) << legacy.status();
  EXPECT_EQ(legacy->object_type(), v1::ASSET);
}

TEST(EventLineTest, TakesProtoJson) {
  const auto event = ParseEventLine(
      R"({"object_type":"ASSET","event_id":"e","payload":"eyJhIjoxfQ=="})",
      kNoType);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->payload(), R"({"a":1})");
  EXPECT_EQ(event->event_id(), "e");
}

TEST(EventLineTest, TakesBareObjectsOfAType) {
  const std::string line = R"({"id":1,"eventId":"its own","flag":true})";
  const auto event = ParseEventLine(line, v1::GENSET_DATA);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->object_type(), v1::GENSET_DATA);
  EXPECT_EQ(event->payload(), line);
  EXPECT_EQ(event->event_id(), "");
}

TEST(EventLineTest, SaysWhatIsMissing) {
  const auto error = [](const char* line) {
    return std::string(ParseEventLine(line, kNoType).status().message());
  };
  EXPECT_THAT(error("nonsense"), HasSubstr("is no JSON"));
  EXPECT_THAT(error(R"({"a":1} x)"), HasSubstr("is no JSON"));
  EXPECT_THAT(error("[]"), HasSubstr("is no JSON object"));
  EXPECT_THAT(error(R"({"payload":{}})"), HasSubstr("neither objectType"));
  EXPECT_THAT(error(R"({"objectType":"ship","payload":{}})"),
              HasSubstr("\"ship\" is none of asset"));
  EXPECT_THAT(error(R"({"objectType":"asset"})"),
              HasSubstr("payload: required"));
  EXPECT_THAT(error(R"({"objectType":"asset","payload":[{}]})"),
              HasSubstr("payload: required, an object"));
  EXPECT_THAT(error(R"({"objectType":"asset","payload":"!"})"),
              HasSubstr("base64"));
}

TEST(EventLineTest, DepthCostsNoStack) {
  EXPECT_FALSE(ParseEventLine(std::string(1'000'000, '['), kNoType).ok());
}

}  // namespace
}  // namespace mqttpush::cli
