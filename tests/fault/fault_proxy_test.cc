// The fault proxy between a real client and a broker that answers by script.
#include "tests/fault/fault_proxy.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/fault/mqtt_packets.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/wait_until.h"

namespace mqttpush::fault {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// A socket that is connected to the proxy.
class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(
        connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { close(fd_); }

  void Send(const std::string& bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string Receive(size_t count) {
    std::string bytes(count, '\0');
    return recv(fd_, bytes.data(), count, MSG_WAITALL) ==
                   static_cast<ssize_t>(count)
               ? bytes
               : "";
  }
  // Waits for the connection's end: 0 for FIN, otherwise the error.
  int End() {
    char byte = 0;
    const ssize_t got = recv(fd_, &byte, 1, 0);
    return got < 0 ? errno : static_cast<int>(got);
  }
  bool HasBytes(absl::Duration patience) {
    char byte = 0;
    return WaitUntil(patience, [&] {
      return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    });
  }

 private:
  const int fd_;
};

std::string PublishOf(uint16_t id) {
  return PublishPacket(
      {.topic = "t", .payload = "{}", .qos = 1, .packet_id = id});
}

class FaultProxyTest : public ::testing::Test {
 protected:
  // Acknowledges every PUBLISH, answers every PINGREQ.
  ScriptedBroker broker_{[](const MqttPacket& packet) {
    return std::optional<std::string>(
        packet.type == kPublish
            ? AcknowledgementPacket(kPuback, packet.packet_id())
            : std::string("\xD0\0", 2));
  }};
  FaultProxy proxy_{broker_.port()};
};

TEST_F(FaultProxyTest, Passes) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  EXPECT_EQ(client.Receive(4), AcknowledgementPacket(kPuback, 1));
  EXPECT_EQ(proxy_.counts().connections, 1);
  EXPECT_GT(proxy_.counts().bytes, 4);
}

TEST_F(FaultProxyTest, CutsByResetAndByFin) {
  for (const bool reset : {true, false}) {
    Client client(proxy_.port());
    client.Send(PublishOf(1));
    client.Receive(4);
    proxy_.Cut(reset);
    EXPECT_EQ(client.End(), reset ? ECONNRESET : 0);
  }
  EXPECT_EQ(proxy_.counts().cut, 2);
}

TEST_F(FaultProxyTest, HalfClosesTowardsTheClient) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  client.Receive(4);
  proxy_.HalfClose(kToClient);
  EXPECT_EQ(client.End(), 0);
  client.Send(PublishOf(2));
  EXPECT_TRUE(
      WaitUntil(kPatience, [&] { return broker_.packets().size() == 2; }));
}

TEST_F(FaultProxyTest, HalfClosesTowardsTheBroker) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  client.Receive(4);
  proxy_.HalfClose(kToBroker);
  EXPECT_EQ(client.End(), 0);  // the broker closes in answer
}

TEST_F(FaultProxyTest, SwallowsAcknowledgementsOnly) {
  Client client(proxy_.port());
  proxy_.Set(kToClient, {.swallow_acknowledgements = true});
  client.Send(PublishOf(1) + PingPacket());
  EXPECT_EQ(client.Receive(2), std::string("\xD0\0", 2));
  proxy_.Set(kToClient, {});
  client.Send(PublishOf(2));
  EXPECT_EQ(client.Receive(4), AcknowledgementPacket(kPuback, 2));
  EXPECT_EQ(proxy_.counts().acknowledgements, 1);
}

TEST_F(FaultProxyTest, ASilentConnectionStaysSilent) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  client.Receive(4);
  proxy_.Set(kToBroker, {.swallow = true});
  client.Send(PublishOf(2));
  ASSERT_TRUE(
      WaitUntil(kPatience, [&] { return proxy_.counts().swallowed > 0; }));
  proxy_.Set(kToBroker, {});
  client.Send(PublishOf(3));
  EXPECT_FALSE(client.HasBytes(absl::Milliseconds(100)));
  proxy_.CutLossy();
  EXPECT_EQ(client.End(), ECONNRESET);
  Client other(proxy_.port());
  other.Send(PublishOf(4));
  EXPECT_EQ(other.Receive(4), AcknowledgementPacket(kPuback, 4));
}

TEST_F(FaultProxyTest, HoldsAndReleases) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  client.Receive(4);
  proxy_.Hold(true);
  client.Send(PublishOf(2));
  EXPECT_FALSE(client.HasBytes(absl::Milliseconds(100)));
  proxy_.Hold(false);
  EXPECT_EQ(client.Receive(4), AcknowledgementPacket(kPuback, 2));
}

TEST_F(FaultProxyTest, Corrupts) {
  Client client(proxy_.port());
  client.Send(PublishOf(1));
  client.Receive(4);
  proxy_.Corrupt(kToClient);
  client.Send(PublishOf(2));
  EXPECT_EQ(client.Receive(4)[0], '\0');
}

TEST_F(FaultProxyTest, ResetsWhenNobodyListens) {
  FaultProxy proxy(1);
  EXPECT_EQ(Client(proxy.port()).End(), ECONNRESET);
}

}  // namespace
}  // namespace mqttpush::fault
