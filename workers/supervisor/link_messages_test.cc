#include "workers/supervisor/link_messages.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(MakeConfigureTest, WithoutAFileSessionsAreClean) {
  EXPECT_FALSE(MakeConfigure(BrokerRecord(), LinkOptions(), {}, "")
                   .configure()
                   .has_persistent_session());
}

TEST(MakeConfigureTest, AStoredSessionLastsAnHourAtLeast) {
  struct Case {
    absl::Duration asked;
    int64_t seconds;
  };
  const Case kTable[] = {{absl::ZeroDuration(), 3600},
                         {absl::Minutes(59), 3600},
                         {absl::Hours(2), 7200}};
  for (const Case& c : kTable) {
    BrokerRecord broker;
    broker.session_expiry = c.asked;
    const auto message =
        MakeConfigure(broker, LinkOptions(), {}, "/d/3.session");
    const auto& session = message.configure().persistent_session();
    EXPECT_EQ(session.path(), "/d/3.session");
    EXPECT_EQ(session.expiry().seconds(), c.seconds);
  }
}

TEST(ToLinkStatusTest, TakesAllThatIsShown) {
  worker::v1::LinkStatus status;
  status.set_state(worker::v1::LinkStatus::REFUSED);
  status.set_last_error("not authorized");
  status.set_broker_address("192.0.2.7:8883");
  status.mutable_since()->set_seconds(1);
  status.mutable_next_connect_time()->set_seconds(2);
  LinkStatus link = ToLinkStatus(status);
  EXPECT_EQ(LinkStateName(link.state), "REFUSED");
  EXPECT_EQ(link.last_error, "not authorized");
  EXPECT_EQ(link.broker_address, "192.0.2.7:8883");
  EXPECT_EQ(link.since, absl::FromUnixSeconds(1));
  EXPECT_EQ(link.next_connect_time, absl::FromUnixSeconds(2));
  EXPECT_EQ(link.last_ack_time, absl::InfinitePast());
}

worker::v1::BrokerLimits Limits() {
  worker::v1::BrokerLimits limits;
  limits.set_maximum_qos(2);
  limits.set_retain_available(true);
  limits.set_receive_maximum(65535);
  limits.set_server_keep_alive(-1);
  limits.set_session_expiry(-1);
  return limits;
}

TEST(ToOfferTest, ABrokerThatCannotTellOffersWhatWasFoundOut) {
  worker::v1::BrokerLimits limits = Limits();
  EXPECT_EQ(ToOffer(limits), BrokerOffer());
  limits.set_maximum_qos(1);
  EXPECT_EQ(ToOffer(limits), BrokerOffer{.maximum_qos = 1});
}

TEST(ToOfferTest, TakesAllThatABrokerTells) {
  worker::v1::BrokerLimits limits = Limits();
  limits.set_told(true);
  BrokerOffer offer{.maximum_qos = 2,
                    .receive_maximum = 65535,
                    .retain_available = true,
                    .topic_alias_maximum = 0};
  EXPECT_EQ(ToOffer(limits), offer);
  limits.set_maximum_packet_size(1000);
  limits.set_server_keep_alive(30);
  limits.set_assigned_client_id("c1");
  limits.set_session_expiry(0);
  offer.maximum_packet_size = 1000;
  offer.server_keep_alive = absl::Seconds(30);
  offer.assigned_client_id = "c1";
  offer.session_expiry = absl::ZeroDuration();
  EXPECT_EQ(ToOffer(limits), offer);
}

}  // namespace
}  // namespace mqttpush
