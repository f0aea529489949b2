#include "workers/supervisor/link_messages.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(MakeConfigureTest, WithoutAFileSessionsAreClean) {
  EXPECT_FALSE(MakeConfigure(BrokerRecord(), LinkOptions(), "")
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
    const auto message = MakeConfigure(broker, LinkOptions(), "/d/3.session");
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

}  // namespace
}  // namespace mqttpush
