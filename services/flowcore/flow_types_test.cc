#include "services/flowcore/flow_types.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(FlowTypesTest, TheDefaultNamesAllObjectTypes) {
  const auto types = FlowTypes::Parse(FlowTypes::kDefault);
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_EQ(types->Find("location.0"), ObjectType::kLocation);
  EXPECT_EQ(types->Find("sensordata.0"), ObjectType::kSensorData);
  EXPECT_EQ(types->Find("location.1"), std::nullopt);
  EXPECT_EQ(types->Find("LOCATION.0"), std::nullopt);
  EXPECT_EQ(types->Names(),
            "asset.0, gensetdata.0, gtoemdata.0, location.0, reeferdata.0, "
            "sensordata.0");
}

TEST(FlowTypesTest, SeveralFlowTypesMayHoldOneObjectType) {
  const auto types = FlowTypes::Parse("gps.1=LOCATION, location.0=LOCATION");
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_EQ(types->Find("gps.1"), ObjectType::kLocation);
  EXPECT_EQ(types->Find("location.0"), ObjectType::kLocation);
}

TEST(FlowTypesTest, SaysWhichEntryIsNone) {
  struct Case {
    std::string table;
    std::string message;
  };
  const Case kCases[] = {
      {"", R"("" names no flow type)"},
      {"a=LOCATION,", R"("" names no flow type)"},
      {"=LOCATION", R"("=LOCATION" names no flow type)"},
      {"location.0", R"("location.0" names no object type)"},
      {"a=PLACE", R"("a=PLACE" names no object type)"},
      {"a=OBJECT_TYPE_UNSPECIFIED", "names no object type"},
      {"a=ASSET,a=LOCATION", R"("a=LOCATION" names a flow type again)"},
  };
  for (const Case& c : kCases) {
    const auto types = FlowTypes::Parse(c.table);
    ASSERT_EQ(types.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(types.status().message()),
                ::testing::HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace mqttpush
