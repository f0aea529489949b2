// The real worker program against a scripted peer: what real brokers seldom do.
#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scripted_broker.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

constexpr int kConnect = 1;
constexpr int kPublish = 3;

class WorkerFaultsTest : public WorkerTestBase {};

// Lets a client in and answers its publications with `reply`.
ScriptedBroker::Script Answering(
    std::function<std::optional<std::string>(const MqttPacket&)> reply,
    std::string connack = ScriptedBroker::Connack5(0)) {
  return
      [reply, connack](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type == kConnect) return connack;
        if (packet.type == kPublish) return reply(packet);
        return "";
      };
}

struct Refusal {
  int protocol_level;
  int code;
  wire::LinkStatus::State state;
  const char* error;
};

class WorkerConnackTest : public WorkerFaultsTest,
                          public ::testing::WithParamInterface<Refusal> {};

TEST_P(WorkerConnackTest, NamesTheReason) {
  const Refusal& refusal = GetParam();
  ScriptedBroker broker([&](const MqttPacket&) -> std::optional<std::string> {
    return refusal.protocol_level == 5 ? ScriptedBroker::Connack5(refusal.code)
                                       : ScriptedBroker::Connack3(refusal.code);
  });
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(refusal.protocol_level);
  plane_.Configure(settings);
  ASSERT_TRUE(Await(HasState(refusal.state)));
  EXPECT_EQ(plane_.Says().statuses.back().last_error(), refusal.error);
}

INSTANTIATE_TEST_SUITE_P(
    Codes, WorkerConnackTest,
    ::testing::Values(Refusal{4, 1, wire::LinkStatus::REFUSED,
                              "CONNACK 1: unacceptable protocol version"},
                      Refusal{4, 2, wire::LinkStatus::REFUSED,
                              "CONNACK 2: client identifier rejected"},
                      Refusal{4, 3, wire::LinkStatus::BACKING_OFF,
                              "CONNACK 3: server unavailable"},
                      Refusal{4, 4, wire::LinkStatus::REFUSED,
                              "CONNACK 4: bad user name or password"},
                      Refusal{5, 0x86, wire::LinkStatus::REFUSED,
                              "CONNACK 0x86 bad user name or password"},
                      Refusal{5, 0x89, wire::LinkStatus::BACKING_OFF,
                              "CONNACK 0x89 server busy"}),
    [](const auto& info) {
      return absl::StrCat("Level", info.param.protocol_level, "Code",
                          info.param.code);
    });

TEST_F(WorkerFaultsTest, ANegativeAcknowledgementIsRejected) {
  ScriptedBroker broker(Answering([](const MqttPacket& packet) {
    return ScriptedBroker::Ack5(packet.qos() == 1 ? 4 : 5, packet.packet_id(),
                                0x87, "no \xff rights");
  }));
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(5);
  ASSERT_TRUE(ConnectTo(settings));
  plane_.Publish(1, {Message(1, 1), Message(2, 2)});
  ASSERT_TRUE(Await(HasResults(2)));
  for (const wire::Result& result : plane_.Says().results) {
    EXPECT_EQ(result.outcome(), wire::Result::REJECTED);
    EXPECT_EQ(result.reason_code(), 0x87);
    EXPECT_EQ(result.error_message(), "0x87 not authorized: no ? rights");
    EXPECT_GT(result.packet_id(), 0);
  }
  EXPECT_TRUE(IsConnected(plane_.Says()));
}

TEST_F(WorkerFaultsTest, ManyShortConnectionsSuggestAnotherClient) {
  ScriptedBroker broker([](const MqttPacket& packet) {
    return packet.type == 1
               ? std::optional<std::string>(ScriptedBroker::Connack3(0))
               : std::nullopt;
  });
  ASSERT_TRUE(ConnectTo(Settings(broker.port())));
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    ASSERT_TRUE(Await(HasEpoch(epoch)));
    plane_.Publish(epoch, {Message(epoch, 1)});
  }
  std::vector<bool> suggested;
  ASSERT_TRUE(Await([&suggested](const WorkerSays& says) {
    suggested.clear();
    for (const wire::LinkStatus& status : says.statuses) {
      if (status.state() != wire::LinkStatus::BACKING_OFF) continue;
      suggested.push_back(absl::StrContains(
          status.last_error(), "using the client id worker-under-test"));
    }
    return suggested.size() == 3;
  }));
  EXPECT_THAT(suggested, ElementsAre(false, false, true));
}

TEST_F(WorkerFaultsTest, AServersDisconnectHasItsReason) {
  ScriptedBroker broker(Answering(
      [](const MqttPacket&) { return ScriptedBroker::Disconnect5(0x98); }));
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(5);
  ASSERT_TRUE(ConnectTo(settings));
  plane_.Publish(1, {Message(1, 1)});
  ASSERT_TRUE(Await(HasResults(1)));
  const wire::Result result = plane_.Says().results.back();
  EXPECT_EQ(result.outcome(), wire::Result::LINK_LOST);
  EXPECT_EQ(result.error_message(), "DISCONNECT 0x98 administrative action");
}

TEST_F(WorkerFaultsTest, TheBrokersLimitsHold) {
  // Receive Maximum 3, Maximum QoS 1.
  ScriptedBroker broker(Answering(
      [](const MqttPacket&) { return std::string(); },
      ScriptedBroker::Connack5(0, std::string("\x21\0\x03\x24\x01", 5))));
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(5);
  settings.mutable_ack_timeout()->set_seconds(1);
  ASSERT_TRUE(ConnectTo(settings));
  EXPECT_EQ(plane_.Says().credits.back().limit(), 6);
  std::vector<wire::Publish> messages = Messages(1, 6, 1);
  messages.insert(messages.begin(), Message(99, 2));
  plane_.Publish(1, messages);
  ASSERT_TRUE(Await(HasResults(7)));
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(says.results[0].reason_code(), 0x9B);
  EXPECT_EQ(Count(says, wire::Result::ACK_TIMEOUT), 1);
  EXPECT_EQ(Count(says, wire::Result::LINK_LOST), 2);
  EXPECT_EQ(Count(says, wire::Result::NOT_SENT), 3);
}

TEST_F(WorkerFaultsTest, NothingIsSentAgainBehindOurBack) {
  // Hangs up at every fifth publication, acknowledges the others.
  std::atomic<int> published = 0;
  ScriptedBroker broker(Answering(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        if (++published % 5 == 0) return std::nullopt;
        return ScriptedBroker::Puback3(packet.packet_id());
      },
      ScriptedBroker::Connack3(0)));
  ASSERT_TRUE(ConnectTo(Settings(broker.port())));
  for (int64_t epoch = 1; epoch <= 5; ++epoch) {
    ASSERT_TRUE(Await(HasEpoch(epoch)));
    plane_.Publish(epoch, Messages(epoch * 100, epoch * 100 + 49, 1));
    ASSERT_TRUE(Await(HasResults(static_cast<size_t>(epoch) * 50)));
  }
  // Every message came once at most: what was lost is ours to send again.
  std::map<std::string, int> seen;
  for (const MqttPacket& packet : broker.packets()) {
    if (packet.type == kPublish) ++seen[packet.body.substr(33)];
  }
  for (const auto& [payload, count] : seen) EXPECT_EQ(count, 1) << payload;
}

// CONNACK with Server Keep Alive.
std::string KeepAliveConnack(int seconds) {
  return ScriptedBroker::Connack5(
      0, std::string("\x13\0", 2) + static_cast<char>(seconds));
}

// That the client asked for.
std::vector<int> KeepAlives(const ScriptedBroker& broker) {
  std::vector<int> keep_alives;
  for (const MqttPacket& packet : broker.packets()) {
    if (packet.type == kConnect) keep_alives.push_back(packet.body[9]);
  }
  return keep_alives;
}

TEST_F(WorkerFaultsTest, CallsAgainForAShorterKeepAliveByPermit) {
  // A different one each time, as if there were several brokers.
  std::vector<int> offers = {10, 30, 5, 5};
  size_t connects = 0;
  ScriptedBroker broker(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type != kConnect) return "";
        return KeepAliveConnack(
            offers[std::min(connects++, offers.size() - 1)]);
      });
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(5);
  ASSERT_TRUE(ConnectTo(settings));
  EXPECT_THAT(KeepAlives(broker), ElementsAre(60, 10));
  EXPECT_EQ(plane_.Says().connect_requests, 2);
  // Other settings begin with their own.
  settings.set_client_id("another");
  plane_.Configure(settings);
  ASSERT_TRUE(Await(HasEpoch(2)));
  EXPECT_THAT(KeepAlives(broker), ElementsAre(60, 10, 60, 5));
  EXPECT_EQ(plane_.Says().connect_requests, 4);
}

TEST_F(WorkerFaultsTest, ALinkThatIsLostWhileAPermitIsAwaitedComesBack) {
  // Asks for another keep alive, for which the worker has to call again, and
  // ends that first connection itself.
  std::atomic<int> connects = 0;
  ScriptedBroker broker(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type != kConnect) return "";
        std::string connack = KeepAliveConnack(10);
        if (connects++ == 0) connack += ScriptedBroker::Disconnect5(0x8B);
        return connack;
      });
  wire::Configure settings = Settings(broker.port());
  settings.set_protocol_level(5);
  plane_.HoldPermits();
  plane_.Configure(settings);
  ASSERT_TRUE(
      Await([](const WorkerSays& says) { return says.connect_requests == 1; }));
  plane_.Permit();
  ASSERT_TRUE(
      Await([](const WorkerSays& says) { return says.connect_requests == 2; }));
  EXPECT_EQ(connects, 1);  // nothing without a permit
  // One that comes while it waits for the next try is not used.
  while (!IsConnected(plane_.Says())) {
    plane_.Permit();
    plane_.WaitFor(IsConnected, absl::Milliseconds(100));
    ASSERT_LT(connects, 3);
  }
  EXPECT_THAT(KeepAlives(broker), ElementsAre(60, 10));
}

TEST_F(WorkerFaultsTest, OnlyTheBrokersOwnCutMakesASuspect) {
  // Answers with a malformed packet first, then by closing.
  std::atomic<int> published = 0;
  ScriptedBroker broker(Answering(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        if (published++ > 0) return std::nullopt;
        std::string malformed = ScriptedBroker::Puback3(packet.packet_id());
        malformed[0] |= 1;
        return malformed;
      },
      ScriptedBroker::Connack3(0)));
  ASSERT_TRUE(ConnectTo(Settings(broker.port())));
  plane_.Publish(1, {Message(1, 1)});
  ASSERT_TRUE(Await(HasEpoch(2)));
  plane_.Publish(2, {Message(1, 1)});
  ASSERT_TRUE(Await(HasResults(2)));
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(says.results[0].outcome(), wire::Result::LINK_LOST);
  EXPECT_EQ(says.results[0].error_message(),
            "connection closed: the broker sent a malformed packet");
  EXPECT_FALSE(says.results[0].suspect());
  EXPECT_EQ(says.results[1].outcome(), wire::Result::LINK_LOST);
  EXPECT_EQ(says.results[1].error_message(),
            "connection lost: closed by the peer");
  EXPECT_TRUE(says.results[1].suspect());
}

// Over MQTT 3.1.1 that is a guess, and nothing of QoS 2 is sent any more that
// could show it to be wrong.
TEST_F(WorkerFaultsTest, ABrokerThatHangsUpOnQos2IsTriedAgainLater) {
  std::atomic<bool> mended = false;
  ScriptedBroker broker(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        switch (packet.type) {
          case kConnect:
            return ScriptedBroker::Connack3(0);
          case kPublish:
            return mended ? std::optional<std::string>("") : std::nullopt;
          default:
            return "";
        }
      });
  wire::Configure settings = Settings(broker.port());
  settings.mutable_connect_backoff_max()->set_nanos(50'000'000);
  plane_.Configure(settings);
  auto offers = [](int qos) {
    return [qos](const WorkerSays& says) {
      return IsConnected(says) && says.statuses.back().has_limits() &&
             says.statuses.back().limits().maximum_qos() == qos;
    };
  };
  for (int64_t epoch : {1, 2}) {
    ASSERT_TRUE(Await(HasEpoch(epoch)));
    wire::Publish message = Message(epoch, 2);
    message.mutable_delivery()->set_event_seq(epoch);
    plane_.Publish(epoch, {message});
    ASSERT_TRUE(Await(HasResults(epoch)));
  }
  ASSERT_TRUE(Await(offers(1)));
  mended = true;
  EXPECT_TRUE(Await(offers(2)));
}

TEST_F(WorkerFaultsTest, AMessageThatIsNeverAcknowledgedIsSuspect) {
  // Says nothing to one message and acknowledges the others.
  ScriptedBroker broker(Answering(
      [](const MqttPacket& packet) {
        return packet.body.find("\"n\":3}") != std::string::npos
                   ? std::string()
                   : ScriptedBroker::Puback3(packet.packet_id());
      },
      ScriptedBroker::Connack3(0)));
  wire::Configure settings = Settings(broker.port());
  settings.mutable_ack_timeout()->set_seconds(1);
  ASSERT_TRUE(ConnectTo(settings));
  plane_.Publish(1, Messages(1, 6, 1));
  ASSERT_TRUE(Await(HasResults(5)));
  // The others do not stop.
  for (int64_t token = 7; !HasState(wire::LinkStatus::STALLED)(plane_.Says());
       ++token) {
    ASSERT_LT(token, 1000);
    plane_.Publish(1, {Message(token, 1)});
    ASSERT_TRUE(Await(HasResults(static_cast<size_t>(token) - 1)));
    plane_.WaitFor(HasState(wire::LinkStatus::STALLED), absl::Milliseconds(20));
  }
  ASSERT_TRUE(Await(HasEpoch(2)));
  wire::Result stuck;
  for (const wire::Result& result : plane_.Says().results) {
    if (result.token() == 3) stuck = result;
    EXPECT_EQ(result.suspect(), result.token() == 3) << result.token();
  }
  EXPECT_EQ(stuck.outcome(), wire::Result::ACK_TIMEOUT);
  EXPECT_EQ(stuck.error_message(),
            "a message was not acknowledged within 1s, though later ones were");
  // Alone, it is suspect without others that pass it; not alone it is silence.
  wire::Publish alone = Message(3, 1);
  const size_t before = plane_.Says().results.size();
  plane_.Publish(2, {alone});
  ASSERT_TRUE(Await(HasResults(before + 1)));
  EXPECT_EQ(plane_.Says().results.back().outcome(), wire::Result::ACK_TIMEOUT);
  EXPECT_FALSE(plane_.Says().results.back().suspect());
  ASSERT_TRUE(Await(HasEpoch(3)));
  alone.set_alone(true);
  plane_.Publish(3, {alone});
  ASSERT_TRUE(Await(HasResults(before + 2)));
  EXPECT_TRUE(plane_.Says().results.back().suspect());
}

TEST_F(WorkerFaultsTest, ConnectsAgainWithoutDelay) {
  ScriptedBroker broker([&](const MqttPacket& packet) {
    std::optional<std::string> answer = ScriptedBroker::Connack3(0);
    if (packet.type == kPublish) answer.reset();
    return answer;
  });
  ASSERT_TRUE(ConnectTo(Settings(broker.port())));
  const absl::Time start = absl::Now();
  plane_.Publish(1, {Message(1, 1)});
  ASSERT_TRUE(Await(HasEpoch(2)));
  // Paho alone takes one to two seconds when nothing else goes on.
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
}

}  // namespace
}  // namespace mqttpush
