#include "workers/probe/tcp_connect.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/steady_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/free_port.h"
#include "tests/support/scripted_broker.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Address At(int port) {
  return LookUp("127.0.0.1", port, SteadyNow() + absl::Seconds(60))
      .addresses.at(0);
}

TcpResult Connect(const std::vector<Address>& addresses) {
  return ConnectTcp(addresses, EgressPolicy({"127.0.0.0/8"}),
                    SteadyNow() + absl::Seconds(60));
}

class TcpConnectTest : public ::testing::Test {
 protected:
  ScriptedBroker broker_{[](const MqttPacket&) { return std::nullopt; }};
  const int closed_ = FreePort();
  const std::string open_text_ = absl::StrCat("127.0.0.1:", broker_.port());
  const std::string closed_text_ = absl::StrCat("127.0.0.1:", closed_);
};

TEST_F(TcpConnectTest, TheFirstThatAnswersIsTaken) {
  const TcpResult result = Connect({At(broker_.port()), At(closed_)});
  EXPECT_NE(result.stream, nullptr);
  EXPECT_THAT(result.tried, ElementsAre(open_text_));
  EXPECT_THAT(result.failures, IsEmpty());
}

TEST_F(TcpConnectTest, WhatFailedBeforeIsTold) {
  const TcpResult result = Connect({At(closed_), At(broker_.port())});
  EXPECT_NE(result.stream, nullptr);
  EXPECT_THAT(result.tried, ElementsAre(closed_text_, open_text_));
  EXPECT_THAT(result.failures,
              ElementsAre(closed_text_ + ": Connection refused"));
  EXPECT_EQ(result.cause, ProbeCause::kConnectionRefused);
}

TEST_F(TcpConnectTest, WithoutAnyThereIsNoStream) {
  EXPECT_EQ(Connect({At(closed_)}).stream, nullptr);
  EXPECT_EQ(Connect({}).stream, nullptr);
}

TEST_F(TcpConnectTest, WhatIsRefusedIsNotCalled) {
  const TcpResult result = ConnectTcp({At(broker_.port())}, EgressPolicy(),
                                      SteadyNow() + absl::Seconds(60));
  EXPECT_EQ(result.stream, nullptr);
  EXPECT_EQ(result.cause, ProbeCause::kBlocked);
  EXPECT_THAT(result.failures,
              ElementsAre(StartsWith(open_text_ + ": SSRF_BLOCKED: ")));
}

}  // namespace
}  // namespace mqttpush
