#include "workers/dispatch/message_renderer.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

class MessageRendererTest : public ::testing::Test {
 protected:
  MessageRendererTest() {
    tenant_.id = "acme";
    event_.event_id = "e-1";
    event_.object_type = ObjectType::kReeferData;
    event_.asset_id = "A1";
    event_.owner_id = "O1";
    event_.payload = R"({"id":1})";
    subscription_.topic = "gt/{tenant}/{objectType}/{assetId}/{ownerId}";
  }
  RenderedMessage Render(absl::string_view default_field = "") {
    EventRecord event = event_;
    return RenderMessage(event, tenant_, subscription_, default_field);
  }

  TenantRecord tenant_;
  EventRecord event_;
  SubscriptionRecord subscription_;
};

TEST_F(MessageRendererTest, FillsTheTemplate) {
  RenderedMessage message = Render();
  EXPECT_TRUE(message.topic_status.ok());
  EXPECT_EQ(message.topic, "gt/acme/reeferdata/A1/O1");
  EXPECT_EQ(message.qos, Qos::kAtLeastOnce);
  EXPECT_EQ(message.payload, R"({"id":1})");
}

TEST_F(MessageRendererTest, OverrideReplacesOnlyWhatItSets) {
  subscription_.topic_overrides = {
      {.object_type = ObjectType::kReeferData,
       .topic = "",
       .qos = Qos::kExactlyOnce},
      {.object_type = ObjectType::kAsset, .topic = "assets", .qos = {}}};
  EXPECT_EQ(Render().topic, "gt/acme/reeferdata/A1/O1");
  EXPECT_EQ(Render().qos, Qos::kExactlyOnce);
  event_.object_type = ObjectType::kAsset;
  EXPECT_EQ(Render().topic, "assets");
  EXPECT_EQ(Render().qos, Qos::kAtLeastOnce);
}

TEST_F(MessageRendererTest, EventIdFieldOfTheSubscriptionWins) {
  EXPECT_EQ(Render("eventId").payload, R"({"id":1,"eventId":"e-1"})");
  subscription_.event_id_field = "uuid";
  EXPECT_EQ(Render("eventId").payload, R"({"id":1,"uuid":"e-1"})");
  subscription_.event_id_field = "";
  EXPECT_EQ(Render("eventId").payload, R"({"id":1})");
}

TEST_F(MessageRendererTest, SaysWhenTheTopicCannotBeSent) {
  event_.asset_id = "a/#";
  RenderedMessage message = Render();
  EXPECT_FALSE(message.topic_status.ok());
  EXPECT_EQ(message.topic, subscription_.topic);
}

}  // namespace
}  // namespace mqttpush
