// Probes as far as CONNECT, over plain TCP.
#include "workers/supervisor/broker_probes.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/support/free_port.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"
#include "workers/supervisor/broker_probes_fixture_for_test.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr auto kMqtt311 = ProtocolVersion::kMqtt311;
constexpr auto kMqtt5 = ProtocolVersion::kMqtt5;

// Takes connections into its backlog and never looks at them.
class SilentListener {
 public:
  SilentListener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(fd_, 8);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { close(fd_); }
  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
};

TEST_F(BrokerProbesTest, APlainBrokerTakesIt) {
  auto broker = Start({});
  const ProbeReport report = Run(At(broker->port(), kMqtt311));
  const ProbeFinding connect = Last(report, ProbeKind::kConnect);
  ASSERT_THAT(report.findings, SizeIs(3));
  const ProbeFinding& dns = report.findings[0];
  EXPECT_EQ(dns.kind, ProbeKind::kDns);
  EXPECT_EQ(dns.text, "127.0.0.1: 1 address");
  EXPECT_THAT(dns.addresses, ElementsAre("127.0.0.1"));
  const ProbeFinding& tcp = report.findings[1];
  EXPECT_EQ(tcp.kind, ProbeKind::kTcp);
  const std::string address = absl::StrCat("127.0.0.1:", broker->port());
  EXPECT_EQ(tcp.text, absl::StrCat("connected to ", address));
  EXPECT_THAT(tcp.addresses, ElementsAre(address));
  EXPECT_EQ(connect.cause, ProbeCause::kNone);
  EXPECT_THAT(connect.text,
              MatchesRegex("accepted as mqttpush-probe-[0-9a-f]{8}"));
  EXPECT_EQ(connect.reason_code, 0);
  EXPECT_EQ(connect.offer, BrokerOffer());
  EXPECT_GT(connect.duration, absl::ZeroDuration());
}

TEST_F(BrokerProbesTest, WhereTheTenantMayNotConnectItIsBlocked) {
  SilentListener listener;
  ProbeOrder order = Order();
  order.tenant_id = "acme";
  const BrokerRecord broker = At(listener.port(), kMqtt311);
  const ProbeFinding tcp = Last(Run(broker, order), ProbeKind::kTcp);
  EXPECT_EQ(tcp.cause, ProbeCause::kBlocked);
  EXPECT_THAT(tcp.text, HasSubstr(": SSRF_BLOCKED: 127.0.0.1 is in "
                                  "127.0.0.0/8 (loopback)"));
  networks_["acme"] = {"127.0.0.1"};
  order.timeout = absl::Seconds(1);
  const ProbeReport report = Run(broker, order);
  ASSERT_THAT(report.findings, SizeIs(testing::Ge(2)));
  EXPECT_EQ(report.findings[1].cause, ProbeCause::kNone);
}

TEST_F(BrokerProbesTest, ABrokerOfMqtt5SaysWhatItOffers) {
  auto broker =
      Start({.more_config = "max_qos 1\nretain_available false\n"
                            "max_inflight_messages 7\nmax_keepalive 30\n"
                            "max_packet_size 2048\nmax_topic_alias 3\n"});
  const ProbeFinding connect =
      Last(Run(At(broker->port(), kMqtt5)), ProbeKind::kConnect);
  ASSERT_TRUE(connect.offer.has_value()) << connect.text;
  EXPECT_EQ(connect.offer->maximum_qos, 1);
  EXPECT_EQ(connect.offer->retain_available, false);
  EXPECT_EQ(connect.offer->receive_maximum, 7);
  EXPECT_EQ(connect.offer->server_keep_alive, absl::Seconds(30));
  EXPECT_EQ(connect.offer->maximum_packet_size, 2048);
  EXPECT_EQ(connect.offer->topic_alias_maximum, 3);
  EXPECT_EQ(connect.offer->session_expiry, std::nullopt);
}

// The words of a CONNECT, without its client id.
TEST_F(BrokerProbesTest, LeavesNothingBehindAndTakesNoSessionOver) {
  ScriptedBroker broker([](const MqttPacket& packet) {
    return packet.type == 1 ? std::optional(ScriptedBroker::Connack5(0)) : "";
  });
  ProbeOrder order = Order();
  order.session_expiry = absl::Hours(1);
  BrokerRecord record = At(broker.port(), kMqtt5);
  record.username = "u";
  record.password = "secret";
  EXPECT_EQ(Last(Run(record, order), ProbeKind::kConnect).cause,
            ProbeCause::kNone);
  ASSERT_TRUE(
      WaitUntil(kPatience, [&] { return broker.packets().size() == 2; }));
  // Clean start, login, keep alive of 60 s, session expiry of 3600 s.
  EXPECT_THAT(broker.packets()[0].body,
              StartsWith(std::string("\0\4MQTT\5\xc2\0\x3c\5\x11\0\0\x0e\x10"
                                     "\0\x17mqttpush-probe-",
                                     33)));
  // DISCONNECT with a session expiry of 0.
  EXPECT_EQ(broker.packets()[1].type, 14);
  EXPECT_EQ(broker.packets()[1].body, std::string("\0\5\x11\0\0\0\0", 7));
}

TEST_F(BrokerProbesTest, AWrongPasswordIsSaidInWords) {
  auto broker = Start({.users = {{"acme", "right"}}});
  BrokerRecord record = At(broker->port(), kMqtt311);
  record.username = "acme";
  record.password = "wrong";
  ProbeFinding connect = Last(Run(record), ProbeKind::kConnect);
  EXPECT_EQ(connect.cause, ProbeCause::kRefused);
  EXPECT_EQ(connect.text, "CONNACK 5: not authorized");
  EXPECT_EQ(connect.reason_code, 5);
  record.protocol_version = kMqtt5;
  connect = Last(Run(record), ProbeKind::kConnect);
  EXPECT_EQ(connect.text, "CONNACK 0x87 not authorized");
  EXPECT_EQ(connect.reason_code, 0x87);
  record.password = "right";
  EXPECT_EQ(Last(Run(record), ProbeKind::kConnect).cause, ProbeCause::kNone);
}

TEST_F(BrokerProbesTest, AClosedPortRefuses) {
  const int port = FreePort();
  const ProbeFinding tcp = Last(Run(At(port, kMqtt311)), ProbeKind::kTcp);
  EXPECT_EQ(tcp.cause, ProbeCause::kConnectionRefused);
  const std::string address = absl::StrCat("127.0.0.1:", port);
  EXPECT_EQ(tcp.text, absl::StrCat(address, ": Connection refused"));
  EXPECT_THAT(tcp.addresses, ElementsAre(address));
}

TEST_F(BrokerProbesTest, AnUnknownHostIsNotFound) {
  BrokerRecord record = At(1883, kMqtt311);
  record.host = "no such host";
  const ProbeFinding dns = Last(Run(record), ProbeKind::kDns);
  EXPECT_EQ(dns.cause, ProbeCause::kHostUnknown);
  EXPECT_EQ(dns.text, "no such host: Name or service not known");
  EXPECT_THAT(dns.addresses, SizeIs(0));
}

TEST_F(BrokerProbesTest, ASilentPeerIsLeftInTime) {
  SilentListener listener;
  const ProbeFinding connect =
      Last(Run(At(listener.port(), kMqtt311), Order(absl::Seconds(2))),
           ProbeKind::kConnect);
  EXPECT_EQ(connect.cause, ProbeCause::kTimedOut);
  EXPECT_EQ(connect.text, "no CONNACK in time");
  EXPECT_EQ(connect.reason_code, std::nullopt);
}

TEST_F(BrokerProbesTest, APeerThatSpeaksSomethingElseIsTold) {
  ScriptedBroker http([](const MqttPacket&) { return "HTTP/1.1 400 Bad"; });
  const ProbeFinding connect =
      Last(Run(At(http.port(), kMqtt311)), ProbeKind::kConnect);
  EXPECT_EQ(connect.cause, ProbeCause::kMalformed);
  EXPECT_EQ(connect.text,
            "what the peer sent is not CONNACK: it may not speak MQTT");
}

TEST_F(BrokerProbesTest, APeerThatHangsUpIsTold) {
  ScriptedBroker broker([](const MqttPacket&) { return std::nullopt; });
  const ProbeFinding connect =
      Last(Run(At(broker.port(), kMqtt311)), ProbeKind::kConnect);
  EXPECT_EQ(connect.cause, ProbeCause::kClosed);
  EXPECT_THAT(connect.text, HasSubstr("before CONNACK"));
}

TEST_F(BrokerProbesTest, ACancelledProbeSaysWhatItHadFound) {
  SilentListener listener;
  auto report = Begin(At(listener.port(), kMqtt311), Order());
  probes_.Cancel(id_);
  EXPECT_EQ(report.get().cut_short,
            "the probe process ended: killed: it is not wanted any more");
}

TEST_F(BrokerProbesTest, AStopEndsAllAndTheNext) {
  SilentListener listener;
  auto report = Begin(At(listener.port(), kMqtt311), Order());
  loop_.RunAndWait([this] { probes_.Stop(); });
  EXPECT_TRUE(report.get().stopping);
  EXPECT_TRUE(Run(At(listener.port(), kMqtt311)).stopping);
}

// Programs that are shell scripts, with the stream as 3.
class TalkingProbeTest : public BrokerProbesTest {
 protected:
  static constexpr char kTakeOrder[] =
      "dd bs=65536 count=1 <&3 >/dev/null 2>&1\n";

  ProbeReport Hear(const std::string& script, const ProbeOrder& order) {
    const std::string program = temp_.File("probe");
    WriteFile(program, absl::StrCat("#!/bin/sh\n", kTakeOrder, script, "\n"));
    chmod(program.c_str(), 0700);
    std::promise<ProbeReport> promise;
    BrokerProbes probes(&loop_, program, "", NoNetworks);
    probes.Start(At(1, kMqtt311), order, [&](ProbeReport report) {
      promise.set_value(std::move(report));
    });
    return promise.get_future().get();
  }

  TempDir temp_;
};

// Zeros are one empty finding after the other.
TEST_F(TalkingProbeTest, OneThatSaysMoreThanThereIsToSayIsKilled) {
  ProbeOrder order = Order(absl::Seconds(5));
  order.publications.resize(2);
  const ProbeReport report = Hear("exec cat /dev/zero >&3", order);
  EXPECT_EQ(report.findings.size(), 6u);
  EXPECT_EQ(report.cut_short,
            "the probe process ended: killed: a probe said more than it was "
            "asked for");
}

TEST_F(TalkingProbeTest, OneThatEndsWellAfterTooMuchIsNotBelieved) {
  const ProbeReport report = Hear("head -c 20 /dev/zero >&3", Order());
  EXPECT_EQ(report.findings.size(), 4u);
  EXPECT_THAT(report.cut_short, HasSubstr("said more than it was asked for"));
}

TEST_F(TalkingProbeTest, AllThatThereIsToSayIsTaken) {
  const ProbeReport report = Hear("head -c 16 /dev/zero >&3", Order());
  EXPECT_EQ(report.findings.size(), 4u);
  EXPECT_EQ(report.cut_short, "");
}

TEST_F(BrokerProbesTest, AProgramThatCannotBeStartedIsAnAnswerToo) {
  BrokerProbes probes(&loop_, "/no/such/program", "", NoNetworks);
  std::promise<ProbeReport> promise;
  probes.Start(At(1, kMqtt311), Order(), [&](ProbeReport report) {
    promise.set_value(std::move(report));
  });
  EXPECT_THAT(promise.get_future().get().cut_short,
              StartsWith("cannot start /no/such/program"));
}

}  // namespace
}  // namespace mqttpush
