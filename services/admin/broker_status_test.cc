// What AdminService shows of a broker that the configuration does not say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Stub = v1::AdminService::Stub;

constexpr char kMain[] = "tenants/acme/brokers/main";

// With a broker.
class BrokerStatusTest : public AdminFixture {
 protected:
  void SetUp() override {
    AdminFixture::SetUp();
    CreateTenant("acme");
    CreateBroker("tenants/acme", "main");
  }

  int64_t BrokerUid() {
    const auto snapshot = Snapshot();
    return snapshot->FindBroker(snapshot->FindTenant("acme")->uid, "main")->uid;
  }
  int64_t SubscriptionUid(const std::string& id) {
    const auto snapshot = Snapshot();
    return snapshot->FindSubscription(snapshot->FindTenant("acme")->uid, id)
        ->uid;
  }
};

TEST_F(BrokerStatusTest, ShowsTheLinkAsOfNow) {
  EXPECT_EQ(GetBroker(kMain)->link().state(), v1::Link::STATE_UNSPECIFIED);
  EXPECT_FALSE(GetBroker(kMain)->link().has_since());
  LinkStatus link;
  link.state = LinkState::kRefused;
  link.since = absl::FromUnixMicros(1'500'000);
  link.last_error = "bad user name or password \xff";
  link.next_connect_time = absl::FromUnixSeconds(7);
  link.broker_address = "192.0.2.7:8883";
  link.offer = BrokerOffer{.maximum_qos = 1, .retain_available = false};
  delivery_status_.SetLink(BrokerUid(), link);
  const auto broker = GetBroker(kMain);
  EXPECT_EQ(broker->link().state(), v1::Link::REFUSED);
  EXPECT_EQ(broker->link().since().seconds(), 1);
  EXPECT_EQ(broker->link().since().nanos(), 500'000'000);
  EXPECT_EQ(broker->link().last_error(), "bad user name or password ?");
  EXPECT_EQ(broker->link().next_connect_time().seconds(), 7);
  EXPECT_FALSE(broker->link().has_last_ack_time());
  EXPECT_EQ(broker->link().broker_address(), "192.0.2.7:8883");
  EXPECT_EQ(broker->link().offer().maximum_qos(), v1::AT_LEAST_ONCE);
  EXPECT_TRUE(broker->link().offer().has_retain_available());
  EXPECT_FALSE(broker->link().offer().has_receive_maximum());
}

TEST_F(BrokerStatusTest, IsPausedWithItsTenant) {
  Call(&Stub::PauseTenant,
       Parse<v1::PauseTenantRequest>("name: 'tenants/acme'"));
  EXPECT_EQ(GetBroker(kMain)->state(), v1::Broker::PAUSED);
  EXPECT_EQ(GetBroker(kMain)->link().state(), v1::Link::PAUSED);
  Call(&Stub::ResumeTenant,
       Parse<v1::ResumeTenantRequest>("name: 'tenants/acme'"));
  EXPECT_EQ(GetBroker(kMain)->state(), v1::Broker::ACTIVE);
}

TEST_F(BrokerStatusTest, SaysWhatItsSubscriptionsAskForInVain) {
  for (const char* id : {"a", "b", "c"}) {
    CreateSubscription("tenants/acme", id, "topic: 't'");
  }
  CreateBroker("tenants/acme", "other");
  CreateSubscription("tenants/acme", "d",
                     "topic: 't' broker: 'tenants/acme/brokers/other'");
  EXPECT_THAT(GetBroker(kMain)->incompatibilities(), IsEmpty());
  for (const char* id : {"a", "c", "d"}) {
    delivery_status_.SetIncompatibility(SubscriptionUid(id), "too much");
  }
  EXPECT_THAT(GetBroker(kMain)->incompatibilities(),
              ElementsAre("tenants/acme/subscriptions/a: too much",
                          "tenants/acme/subscriptions/c: too much"));
  // What is paused does not ask for anything.
  Call(&Stub::PauseSubscription, Parse<v1::PauseSubscriptionRequest>(
                                     "name: 'tenants/acme/subscriptions/a'"));
  EXPECT_THAT(GetBroker(kMain)->incompatibilities(),
              ElementsAre("tenants/acme/subscriptions/c: too much"));
}

}  // namespace
}  // namespace mqttpush
