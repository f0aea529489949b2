// Delivery to each broker, in every version and QoS it has: all, in order,
// once, byte for byte.
#include "absl/strings/str_cat.h"
#include "tests/e2e/awkward_events.h"
#include "tests/interop/interop_test.h"

namespace mqttpush {
namespace {

constexpr size_t kEvents = 300;

class DeliveryTest : public InteropTest {
 protected:
  void SetUp() override {
    InteropTest::SetUp();
    StartPushing(broker().port());
  }
};

INSTANTIATE_TEST_SUITE_P(Interop, DeliveryTest,
                         ::testing::ValuesIn(Supported()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(DeliveryTest, AllInOrderOnceAndByteForByte) {
  Add(kSubscription, topic());
  WaitForLink(v1::Link::CONNECTED);
  std::vector<v1::Event> events = AwkwardEvents(kOwner);
  for (size_t i = 0; i < kEvents; ++i) {
    events.push_back(LocationEvent(absl::StrCat("event-", i), kOwner,
                                   static_cast<int64_t>(i)));
  }
  Publish(events);
  WaitUntilDelivered();
  EXPECT_TRUE(customer_->WaitForCount(events.size(), kPatience))
      << customer_->count() << " of " << events.size();
  const auto messages = customer_->messages();
  ASSERT_EQ(messages.size(), events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(messages[i].payload, events[i].payload()) << i;
    ASSERT_EQ(messages[i].topic, topic());
    ASSERT_EQ(messages[i].qos, std::min(GetParam().qos, traits().customer_qos));
  }
  for (const v1::Delivery& delivery : HistoryOf().deliveries) {
    EXPECT_EQ(delivery.attempt_count(), 1) << delivery.ShortDebugString();
  }
}

TEST_P(DeliveryTest, RetainedMessageReachesALateSubscriber) {
  Add(kSubscription, topic(), "retain: true");
  const v1::Event first = LocationEvent("first", kOwner, 1);
  const v1::Event last = LocationEvent("last", kOwner, 2);
  Publish({first, last});
  WaitUntilDelivered();
  ASSERT_TRUE(customer_->WaitForCount(2, kPatience));
  auto late = SubscribeTo(topic(), prefix_ + "-late");
  ASSERT_NE(late, nullptr);
  ASSERT_TRUE(late->WaitForCount(1, kPatience));
  EXPECT_TRUE(late->messages()[0].retain);
  EXPECT_EQ(late->messages()[0].payload, last.payload());
}

TEST_P(DeliveryTest, LargePayload) {
  Add(kSubscription, topic());
  v1::Event event = LocationEvent("large", kOwner, 1);
  event.mutable_payload()->insert(
      1, absl::StrCat(R"("note":")", std::string(100 << 10, 'x'), R"(",)"));
  Publish({event, LocationEvent("small", kOwner, 2)});
  WaitUntilDelivered();
  ASSERT_TRUE(customer_->WaitForCount(2, kPatience));
  EXPECT_TRUE(customer_->messages()[0].payload == event.payload());
}

}  // namespace
}  // namespace mqttpush
