// Where the real worker program may connect, and what it says where it may not.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mosquitto_broker.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {
namespace {

using ::testing::StartsWith;

class WorkerEgressTest : public WorkerTestBase {
 protected:
  wire::Configure SettingsFor(const std::string& host,
                              const std::vector<std::string>& networks) {
    wire::Configure settings = Settings(broker_->port());
    settings.set_host(host);
    settings.mutable_allowed_networks()->Assign(networks.begin(),
                                                networks.end());
    return settings;
  }

  const std::unique_ptr<MosquittoBroker> broker_ =
      MosquittoBroker::Create({}).value();
};

TEST_F(WorkerEgressTest, ABrokerOnLoopbackIsRefusedUnlessItIsAllowed) {
  plane_.Configure(SettingsFor("127.0.0.1", {}));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  const wire::LinkStatus refused = plane_.Says().statuses.back();
  EXPECT_EQ(refused.last_error(),
            "SSRF_BLOCKED: 127.0.0.1 is in 127.0.0.0/8 (loopback), where "
            "workers do not connect; the operator can allow it by "
            "--egress-allow or --egress-tenants-file");
  // In the slow lane, as what only a person can mend.
  EXPECT_GE(refused.next_connect_time().seconds(),
            refused.since().seconds() + 60);
  EXPECT_TRUE(ConnectTo(SettingsFor("127.0.0.1", {"127.0.0.0/8"})));
}

TEST_F(WorkerEgressTest, ANameIsJudgedByItsAddress) {
  plane_.Configure(SettingsFor("localhost", {"10.0.0.0/8"}));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  EXPECT_THAT(plane_.Says().statuses.back().last_error(),
              StartsWith("SSRF_BLOCKED: "));
}

TEST_F(WorkerEgressTest, WhatIsNotAllowedAnyMoreIsLeft) {
  ASSERT_TRUE(ConnectTo(SettingsFor("127.0.0.1", {"127.0.0.0/8"})));
  plane_.Configure(SettingsFor("127.0.0.1", {}));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
}

}  // namespace
}  // namespace mqttpush
