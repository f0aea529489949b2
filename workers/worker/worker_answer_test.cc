// What hangs on the answer to CONNECT, when a message of QoS 2 is past PUBREC:
// a broker that lost its session would acknowledge PUBREL without having the
// message.
#include <algorithm>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/worker/worker_session_test_base.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Answer = std::function<std::optional<std::string>()>;

// A CONNECT without a client id (probe_policy.h): after "MQTT", level, flags
// and keep alive come, in MQTT 5, properties of less than 128 bytes.
bool IsProbe(const MqttPacket& packet) {
  if (packet.type != 1) return false;
  const size_t properties = packet.body[6] == 5 ? 1 + packet.body[10] : 0;
  return packet.body.substr(10 + properties, 2) == std::string(2, '\0');
}

bool HasLogin(const MqttPacket& connect) { return (connect.body[7] & 0x80); }

// Takes over messages, but closes the connection at the first PUBREL. The next
// CONNECT has the answer `next`, and each probe `to_probe`.
ScriptedBroker::Script ClosingAtPubrel(Answer next, Answer to_probe = nullptr) {
  return [next = std::move(next), to_probe = std::move(to_probe), pubrels = 0](
             const MqttPacket& packet) mutable -> std::optional<std::string> {
    if (IsProbe(packet) && to_probe) return to_probe();
    switch (packet.type) {
      case 1:
        return pubrels == 1 && next && !IsProbe(packet)
                   ? std::exchange(next, nullptr)()
                   : ConnackFor(packet, packet.body[6]);
      case 3:
        return std::string{0x50, 2} + Id(packet.packet_id());
      case 6:
        if (++pubrels == 1) return std::nullopt;
        return std::string{0x70, 2} + Id(packet.packet_id());
      default:
        return "";
    }
  };
}

std::optional<std::string> SessionPresent() {
  return std::string{0x20, 2, 1, 0};
}

// Past PUBREC of a message, and asked by the next CONNECT; answers it, with the
// session, when it may.
struct AskedBroker {
  absl::Notification called;
  // ThreadSanitizer sees no absl::Notification, and would take a file that is
  // opened under the number of one closed before for the same one.
  std::latch may_answer{1};
  ScriptedBroker broker{ClosingAtPubrel([this] {
    called.Notify();
    may_answer.wait();
    return SessionPresent();
  })};
};

int Publishes(const ScriptedBroker& broker) {
  int count = 0;
  for (const MqttPacket& packet : broker.packets()) count += packet.type == 3;
  return count;
}

int Connects(const ScriptedBroker& broker,
             const std::function<bool(const MqttPacket&)>& which) {
  const std::vector<MqttPacket> packets = broker.packets();
  return static_cast<int>(std::count_if(packets.begin(), packets.end(), which));
}

class WorkerAnswerTest : public WorkerSessionTest {
 protected:
  void SendOne(const wire::Configure& settings) {
    StartWorker(settings);
    ASSERT_TRUE(Connected());
    plane_->Publish(epoch(), {Event(1)});
  }
  void SendOneUntilAsked(const wire::Configure& settings, AskedBroker& broker) {
    SendOne(settings);
    ASSERT_TRUE(broker.called.WaitForNotificationWithTimeout(kDeadline));
  }
  // Over the second connection; its result.
  wire::Result SendOneOverTheNext() {
    if (!plane_->WaitFor(HasEpoch(2), kDeadline)) {
      ADD_FAILURE() << Transcript(*plane_);
      return {};
    }
    plane_->Publish(2, {Event(1)});
    if (!plane_->WaitFor(HasResults(2), kDeadline)) {
      ADD_FAILURE() << Transcript(*plane_);
      return {};
    }
    return plane_->Says().results[1];
  }
  // Whether a state of the link was told with these words.
  bool AnySays(const std::string& words) const {
    const WorkerSays says = plane_->Says();
    return std::any_of(says.statuses.begin(), says.statuses.end(),
                       [&](const wire::LinkStatus& status) {
                         return absl::StrContains(status.last_error(), words);
                       });
  }
  wire::Result SendOneAgain() {
    plane_->Publish(epoch(), {Event(1)});
    if (!plane_->WaitFor(HasResults(1), kDeadline)) {
      ADD_FAILURE() << Transcript(*plane_);
      return {};
    }
    return plane_->Says().results[0];
  }
};

TEST_F(WorkerAnswerTest, OneThatCannotBeReadIsDoubted) {
  ScriptedBroker broker(ClosingAtPubrel([] { return std::string(4, '\0'); }));
  ASSERT_NO_FATAL_FAILURE(SendOne(SessionSettings(broker.port())));
  EXPECT_THAT(SendOneOverTheNext().warning(), HasSubstr("may arrive"))
      << Transcript(*plane_);
  EXPECT_EQ(Publishes(broker), 2);
}

// Over both versions, the older one without a login.
class WorkerProbeTest : public WorkerAnswerTest,
                        public ::testing::WithParamInterface<int> {
 protected:
  wire::Configure SettingsOf(const ScriptedBroker& broker) const {
    wire::Configure settings = SessionSettings(broker.port(), GetParam());
    if (GetParam() == 5) {
      settings.set_username("user");
      settings.set_password("secret");
    }
    return settings;
  }
};
INSTANTIATE_TEST_SUITE_P(Level, WorkerProbeTest, ::testing::Values(4, 5),
                         ::testing::PrintToStringParamName());

TEST_P(WorkerProbeTest, SilenceAfterOneThatWasAnsweredIsDoubted) {
  ScriptedBroker broker(ClosingAtPubrel([] { return std::nullopt; }));
  ASSERT_NO_FATAL_FAILURE(SendOne(SettingsOf(broker)));
  EXPECT_THAT(SendOneOverTheNext().warning(), HasSubstr("may arrive"))
      << Transcript(*plane_);
  EXPECT_EQ(Publishes(broker), 2);
}

// As behind a balancer.
TEST_P(WorkerProbeTest, ABrokerThatIsNotThereIsNotCalled) {
  ScriptedBroker broker(ClosingAtPubrel(
      nullptr,
      [probes = 0, level = GetParam()]() mutable -> std::optional<std::string> {
        const bool silent = ++probes > 1 && probes < 5;
        if (silent) return std::nullopt;
        return level == 5 ? ScriptedBroker::Connack5(0)
                          : ScriptedBroker::Connack3(0);
      }));
  ASSERT_NO_FATAL_FAILURE(SendOne(SettingsOf(broker)));
  EXPECT_THAT(SendOneOverTheNext().warning(), IsEmpty());
  EXPECT_EQ(Publishes(broker), 1);
  EXPECT_EQ(Connects(broker, IsProbe), 5) << "one began the session";
  EXPECT_TRUE(AnySays("asked by a connection without client id"));
}

// It brings no login, so that a broker with one will refuse it.
TEST_P(WorkerProbeTest, ARefusalIsAnAnswer) {
  ScriptedBroker broker(ClosingAtPubrel(nullptr, [level = GetParam()] {
    return level == 5 ? ScriptedBroker::Connack5(0x87)
                      : ScriptedBroker::Connack3(5);
  }));
  ASSERT_NO_FATAL_FAILURE(SendOne(SettingsOf(broker)));
  EXPECT_EQ(Connects(broker,
                     [](const MqttPacket& packet) {
                       return IsProbe(packet) && HasLogin(packet);
                     }),
            0);
  EXPECT_THAT(SendOneOverTheNext().warning(), IsEmpty());
  EXPECT_EQ(Publishes(broker), 1);
  EXPECT_EQ(Connects(broker, IsProbe), 2) << "one began the session";
}

// It is called all the same, and its silence doubted.
TEST_P(WorkerProbeTest, ABrokerThatIgnoresThemIsCalled) {
  ScriptedBroker broker(ClosingAtPubrel([] { return std::nullopt; },
                                        [] { return std::nullopt; }));
  wire::Configure settings = SettingsOf(broker);
  settings.mutable_ack_timeout()->set_seconds(1);
  ASSERT_NO_FATAL_FAILURE(SendOne(settings));
  EXPECT_THAT(SendOneOverTheNext().warning(), HasSubstr("may arrive"))
      << Transcript(*plane_);
  EXPECT_EQ(Publishes(broker), 2);
}

// The next worker then knows it.
TEST_F(WorkerAnswerTest, AWorkerThatLeavesWaitsForIt) {
  for (bool drained : {true, false}) {
    AskedBroker asked;
    const wire::Configure settings = SessionSettings(asked.broker.port());
    ASSERT_NO_FATAL_FAILURE(SendOneUntilAsked(settings, asked));
    drained ? plane_->Drain() : plane_->HangUp();
    asked.may_answer.count_down();
    EXPECT_EQ(*plane_->process().Wait(kDeadline), 0);
    StartWorker(settings);
    ASSERT_TRUE(Connected());
    EXPECT_THAT(SendOneAgain().warning(), IsEmpty());
    EXPECT_EQ(Publishes(asked.broker), 1);
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

TEST_F(WorkerAnswerTest, OtherSettingsWaitForIt) {
  AskedBroker asked;
  wire::Configure settings = SessionSettings(asked.broker.port());
  ASSERT_NO_FATAL_FAILURE(SendOneUntilAsked(settings, asked));
  const int connects = plane_->Says().connect_requests;
  settings.mutable_keep_alive()->set_seconds(30);
  plane_->Configure(settings);
  plane_->Ping();
  ASSERT_TRUE(
      plane_->WaitFor([](const WorkerSays& says) { return says.pongs == 1; }));
  asked.may_answer.count_down();
  ASSERT_TRUE(plane_->WaitFor([connects](const WorkerSays& says) {
    return says.connect_requests > connects;
  }));
  EXPECT_THAT(SendOneOverTheNext().warning(), IsEmpty());
  EXPECT_EQ(Publishes(asked.broker), 1);
}

// It may still be waiting for an answer of the broker.
TEST_F(WorkerAnswerTest, TheNextWorkerWaitsForTheOneBefore) {
  AskedBroker asked;
  const wire::Configure settings = SessionSettings(asked.broker.port());
  ASSERT_NO_FATAL_FAILURE(SendOneUntilAsked(settings, asked));
  plane_->HangUp();
  std::unique_ptr<ControlPlaneStub> first = std::move(plane_);
  StartWorker(settings);
  ASSERT_TRUE(plane_->WaitFor(HasState(wire::LinkStatus::BACKING_OFF)));
  EXPECT_THAT(plane_->Says().statuses.back().last_error(),
              HasSubstr("the worker before"));
  asked.may_answer.count_down();
  ASSERT_TRUE(Connected());
  EXPECT_THAT(SendOneAgain().warning(), IsEmpty());
  EXPECT_EQ(Publishes(asked.broker), 1);
}

// Answers the probe that begins a session, and the next when it may.
struct ProbedBroker {
  absl::Notification probed;
  std::latch may_answer{1};
  ScriptedBroker broker{ClosingAtPubrel(
      nullptr, [this, probes = 0]() mutable -> std::optional<std::string> {
        if (++probes == 1) return ScriptedBroker::Connack3(0);
        if (!probed.HasBeenNotified()) probed.Notify();
        may_answer.wait();
        return ScriptedBroker::Connack3(0);
      })};
};

// Nothing depends on the answer to a probe.
TEST_F(WorkerAnswerTest, NobodyWaitsForAProbe) {
  for (bool drained : {true, false}) {
    ProbedBroker probed;
    const wire::Configure settings = SessionSettings(probed.broker.port());
    ASSERT_NO_FATAL_FAILURE(SendOne(settings));
    ASSERT_TRUE(probed.probed.WaitForNotificationWithTimeout(kDeadline));
    drained ? plane_->Drain() : plane_->HangUp();
    EXPECT_EQ(*plane_->process().Wait(kDeadline), 0);
    probed.may_answer.count_down();
    StartWorker(settings);
    ASSERT_TRUE(Connected());
    EXPECT_THAT(SendOneAgain().warning(), IsEmpty());
    EXPECT_EQ(Publishes(probed.broker), 1);
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

TEST_F(WorkerAnswerTest, OtherSettingsMeanAnotherProbe) {
  ProbedBroker probed;
  wire::Configure settings = SessionSettings(probed.broker.port());
  ASSERT_NO_FATAL_FAILURE(SendOne(settings));
  ASSERT_TRUE(probed.probed.WaitForNotificationWithTimeout(kDeadline));
  const int connects = plane_->Says().connect_requests;
  settings.mutable_keep_alive()->set_seconds(30);
  plane_->Configure(settings);
  ASSERT_TRUE(plane_->WaitFor([connects](const WorkerSays& says) {
    return says.connect_requests > connects;
  }));
  probed.may_answer.count_down();
  EXPECT_THAT(SendOneOverTheNext().warning(), IsEmpty());
  EXPECT_EQ(Publishes(probed.broker), 1);
  EXPECT_EQ(Connects(probed.broker, IsProbe), 3);
}

}  // namespace
}  // namespace mqttpush
