#include "demo/fleet.h"

#include <fstream>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::demo {
namespace {

// A file of one line in the test's own directory.
std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "fleet_test_" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(FleetTest, KeepsThePayloadsBytes) {
  const std::string payload =
      R"({ "id" : 9007199254740993, "assetId":"a", "ownerId": "o\u00e9",)"
      R"( "data":{"payload":{"x":[1, 2.50]},"id":"y"}, "latitude":-0.0 })";
  const auto fleet = LoadFleet(WriteFile(
      "bytes",
      R"({"eventId":"e","flowType":"reeferdata.0","metadata":{"a":"b"},)"
      R"("payload":)" +
          payload + R"( , "validTime":"x"})" + "\n"));
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  ASSERT_EQ(fleet->size(), 1u);
  EXPECT_EQ(fleet->front().payload, payload);
  EXPECT_EQ(fleet->front().event_id, "e");
  EXPECT_EQ(fleet->front().owner_id, "oé");
  EXPECT_EQ(fleet->front().asset_id, "a");
  EXPECT_EQ(fleet->front().object_type, v1::REEFER_DATA);
}

TEST(FleetTest, NamesTheBrokenLine) {
  const auto fleet = LoadFleet(
      WriteFile("broken", "{\"flowType\":\"asset.0\",\"payload\":{}}\n{\n"));
  EXPECT_THAT(std::string(fleet.status().message()),
              ::testing::HasSubstr("broken:2"));
}

TEST(FleetTest, TheSampleHasAllObjectTypes) {
  const auto fleet = LoadFleet(MQTTPUSH_DEMO_FLEET);
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  std::set<int> types;
  for (const FleetEvent& event : *fleet) types.insert(event.object_type);
  EXPECT_EQ(types.size(), 6u);
}

TEST(FleetTest, TopicNamesAreLowerCase) {
  EXPECT_EQ(TopicName(v1::SENSOR_DATA), "sensordata");
  EXPECT_EQ(TopicName(v1::GTOEM_DATA), "gtoemdata");
}

}  // namespace
}  // namespace mqttpush::demo
