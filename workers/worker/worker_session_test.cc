// Exactly once: the real worker program with a persistent session against a
// real mosquitto, over the end of links, workers and brokers.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"
#include "workers/worker/worker_session_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::map<std::string, int> Counts(const MqttSubscriber& subscriber) {
  std::map<std::string, int> counts;
  for (const ReceivedMessage& message : subscriber.messages()) {
    ++counts[message.payload];
  }
  return counts;
}

void ExpectTimesInOrder(const wire::Result& result) {
  EXPECT_GT(result.start_time_us(), 0);
  EXPECT_GE(result.ack_time_us(), result.start_time_us());
  EXPECT_GE(result.ack_time_us(), result.pubrec_time_us());
  EXPECT_GE(result.start_time_us() + result.duration_us(),
            result.ack_time_us());
}

class ExactlyOnceTest : public WorkerSessionTest,
                        public ::testing::WithParamInterface<int> {
 protected:
  static constexpr int kEvents = 1500;

  // Sends what is not done, as dispatch would, until all is.
  void SendNext(int count) {
    std::vector<wire::Publish> batch;
    for (int64_t seq = 1;
         seq <= kEvents && batch.size() < static_cast<size_t>(count); ++seq) {
      if (done_.count(seq) == 0) batch.push_back(Event(seq));
    }
    sent_ = batch.size();
    plane_->Publish(epoch(), batch);
  }
  void TakeResults() {
    for (const wire::Result& result : NewResults()) {
      if (result.outcome() == wire::Result::SUCCEEDED) {
        done_.insert(result.token());
        ExpectTimesInOrder(result);
      }
    }
  }

  std::set<int64_t> done_;
  size_t sent_ = 0;
};

TEST_P(ExactlyOnceTest, AcrossKilledWorkersAndRestartedBrokers) {
  auto broker = *MosquittoBroker::Create();
  // To the first nothing is lost; it may see a message twice of which the
  // broker did not know that it had it. To the second, at QoS 0, much may be
  // lost, but it sees nothing twice that the broker had not twice.
  // (libmosquitto 2.0.11 at QoS 2 is no witness: it takes a repetition for a
  // new message.)
  auto subscriber = *MqttSubscriber::Start({.port = broker->port(), .qos = 1});
  auto witness = *MqttSubscriber::Start(
      {.port = broker->port(), .qos = 0, .client_id = "witness"});
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  int kills = 0;
  int restarts = 0;
  StartWorker(SessionSettings(broker->port(), GetParam()));
  for (int round = 0; round < 200 && done_.size() < kEvents; ++round) {
    ASSERT_TRUE(Connected()) << round;
    SendNext(150);
    if (done_.size() + sent_ < kEvents) {
      // Somewhere in the middle of it.
      const size_t some = 1 + random() % sent_;
      plane_->WaitFor(HasResults(seen_ + some), absl::Milliseconds(500));
      if (round % 4 != 3) {
        plane_->process().Kill();
        TakeResults();
        StartWorker(SessionSettings(broker->port(), GetParam()));
        ++kills;
        continue;
      }
      broker->Stop();
      ASSERT_TRUE(broker->Start().ok());
      ++restarts;
    }
    ASSERT_TRUE(plane_->WaitFor(HasResults(seen_ + sent_), kDeadline));
    TakeResults();
  }
  ASSERT_EQ(done_.size(), static_cast<size_t>(kEvents));
  EXPECT_TRUE(WaitUntil(kDeadline, [&] {
    return Counts(*subscriber).size() == static_cast<size_t>(kEvents);
  })) << Counts(*subscriber).size();
  for (const auto& [payload, count] : Counts(*witness)) {
    EXPECT_EQ(count, 1) << payload;
  }
  EXPECT_GE(kills, 5);
  EXPECT_GE(restarts, 1);
}

INSTANTIATE_TEST_SUITE_P(Level, ExactlyOnceTest, ::testing::Values(4, 5),
                         ::testing::PrintToStringParamName());

TEST_F(WorkerSessionTest, AnsweredIsRememberedUntilForgotten) {
  auto broker = *MosquittoBroker::Create();
  auto subscriber = *MqttSubscriber::Start({.port = broker->port()});
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(1, {Event(1), Event(2)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  const wire::Result first = plane_->Says().results[0];
  EXPECT_GT(first.pubrec_time_us(), 0);
  EXPECT_GT(first.ack_time_us(), first.pubrec_time_us());
  EXPECT_EQ(first.connection(), 1);
  plane_->Forget({Event(2).delivery()});
  plane_->Drain();
  ASSERT_TRUE(plane_->process().Wait(kDeadline).ok());

  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  const WorkerSays says = plane_->Says();
  ASSERT_EQ(says.session_report.size(), 1u);
  EXPECT_EQ(says.session_report[0].event_seq(), 1);
  plane_->Publish(1, {Event(1), Event(3)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  const wire::Result again = plane_->Says().results[0];
  EXPECT_EQ(again.outcome(), wire::Result::SUCCEEDED);
  EXPECT_EQ(again.packet_id(), first.packet_id());
  EXPECT_EQ(again.ack_time_us(), first.ack_time_us());
  // It is the same attempt, told later.
  EXPECT_EQ(again.start_time_us(), first.start_time_us());
  EXPECT_EQ(again.broker_address(), first.broker_address());
  EXPECT_EQ(again.connection(), first.connection());
  EXPECT_EQ(again.session_present(), first.session_present());
  EXPECT_GE(again.start_time_us() + again.duration_us(), again.ack_time_us());
  ASSERT_TRUE(subscriber->WaitForCount(3, kDeadline));
  EXPECT_EQ(Counts(*subscriber).size(), 3u);
}

TEST_F(WorkerSessionTest, WhenTheBrokerLostItsSessionTheAttemptSaysSo) {
  auto broker = *MosquittoBroker::Create({.persistence = false});
  StartWorker(SessionSettings(broker->port(), 5));
  ASSERT_TRUE(Connected());
  broker->Freeze();
  plane_->Publish(1, {Event(1)});
  ASSERT_TRUE(IsStored(1));
  broker->Kill();
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  EXPECT_EQ(plane_->Says().results[0].outcome(), wire::Result::LINK_LOST);
  ASSERT_TRUE(broker->Start().ok());
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline));
  plane_->Publish(2, {Event(1), Event(2)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(3), kDeadline));
  const WorkerSays says = plane_->Says();
  EXPECT_THAT(says.results[1].warning(), HasSubstr("session present 0"));
  EXPECT_EQ(says.results[2].warning(), "");
  EXPECT_EQ(says.results[1].connection(), 2);
}

// Aedes says that it has no session, and takes later messages for repetitions
// of those whose packet ids it knows from before.
TEST_F(WorkerSessionTest, ABrokerWithoutTheSessionForgetsItsPacketIds) {
  ScriptedBroker broker([cut = false](const MqttPacket& packet) mutable
                        -> std::optional<std::string> {
    switch (packet.type) {
      case 1:
        return ScriptedBroker::Connack3(0);  // never with the session
      case 3:
        if (!std::exchange(cut, true)) return std::nullopt;
        return std::string{0x50, 2} + Id(packet.packet_id());
      case 6:
        return std::string{0x70, 2} + Id(packet.packet_id());
      default:
        return "";
    }
  });
  StartWorker(SessionSettings(broker.port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(1, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline));
  plane_->Publish(2, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_THAT(plane_->Says().results[1].warning(), HasSubstr("lost"));
  std::vector<bool> clean;
  for (const MqttPacket& packet : broker.packets()) {
    const bool has_id = packet.type == 1 && packet.body[11] != 0;
    if (has_id) clean.push_back((packet.body[7] & 2) != 0);
  }
  EXPECT_THAT(clean, ElementsAre(false, false, true, false));
}

TEST_F(WorkerSessionTest, AStaleSessionOfTheBrokerIsThrownAway) {
  for (int level : {4, 5}) {
    auto broker = *MosquittoBroker::Create();
    auto subscriber = *MqttSubscriber::Start({.port = broker->port()});
    StartWorker(SessionSettings(broker->port(), level));
    ASSERT_TRUE(Connected());
    plane_->Publish(1, {Event(1)});
    ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
    plane_->process().Kill();
    // The file is gone, the broker's session is not.
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
    StartWorker(SessionSettings(broker->port(), level));
    ASSERT_TRUE(Connected());
    EXPECT_THAT(broker->ReadLog(),
                HasSubstr(level == 5 ? "worker-under-test (p5, c1"
                                     : "worker-under-test (p2, c1"));
    plane_->Publish(1, {Event(2)});
    ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
    ASSERT_TRUE(subscriber->WaitForCount(2, kDeadline));
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

TEST_F(WorkerSessionTest, ABrokerThatRestartsKnowsTheSession) {
  for (int level : {4, 5}) {
    auto broker = *MosquittoBroker::Create();
    StartWorker(SessionSettings(broker->port(), level));
    ASSERT_TRUE(Connected());
    broker->Stop();
    ASSERT_TRUE(broker->Start().ok());
    ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline));
    EXPECT_TRUE(plane_->Says().statuses.back().session_present()) << level;
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

TEST_F(WorkerSessionTest, AnAdoptedMessageSaysHowItWasSent) {
  auto broker = *MosquittoBroker::Create();
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  broker->Freeze();
  plane_->Publish(1, {Event(1)});
  ASSERT_TRUE(IsStored(1));
  plane_->process().Kill();
  broker->Thaw();
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  wire::Publish changed = Event(1, 1);
  changed.set_topic("somewhere/else");
  changed.set_subscription_revision(2);
  plane_->Publish(1, {changed});
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  const wire::Result result = plane_->Says().results[0];
  EXPECT_EQ(result.outcome(), wire::Result::SUCCEEDED);
  EXPECT_EQ(result.sent_as().topic(), Event(1).topic());
  EXPECT_EQ(result.sent_as().qos(), 2);
  EXPECT_EQ(result.sent_as().subscription_revision(), 1);
  EXPECT_TRUE(result.duplicate_flag());
  // It was answered while the connection came up, or was not asked for yet.
  ExpectTimesInOrder(result);
  EXPECT_EQ(result.broker_address(),
            absl::StrCat("127.0.0.1:", broker->port()));
  EXPECT_EQ(result.connection(), 1);
  EXPECT_TRUE(result.session_present());
}

TEST_F(WorkerSessionTest, ARefusalIsReportedAndNotSentAgainUntilForgotten) {
  ScriptedBroker refusing(
      [](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type == 1) return ConnackFor(packet, 5);
        if (packet.type != 3) return "";
        return ScriptedBroker::Ack5(5, packet.packet_id(), 0x97, "later");
      });
  auto published = [&refusing] {
    int count = 0;
    for (const MqttPacket& packet : refusing.packets()) {
      count += packet.type == 3;
    }
    return count;
  };
  StartWorker(SessionSettings(refusing.port(), 5));
  ASSERT_TRUE(Connected());
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  plane_->process().Kill();

  StartWorker(SessionSettings(refusing.port(), 5));
  ASSERT_TRUE(Connected());
  ASSERT_EQ(plane_->Says().session_report.size(), 1u);
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  const wire::Result told = plane_->Says().results[0];
  EXPECT_EQ(told.outcome(), wire::Result::REJECTED);
  EXPECT_EQ(told.error_message(), "0x97 quota exceeded: later");
  EXPECT_EQ(published(), 1);
  // The retry, once the refusal is recorded.
  plane_->Forget({Event(1).delivery()});
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_EQ(plane_->Says().results[1].outcome(), wire::Result::REJECTED);
  EXPECT_EQ(published(), 2);
}

TEST_F(WorkerSessionTest, DrainsWithMessagesInFlightAndNoLink) {
  auto broker = *MosquittoBroker::Create();
  auto subscriber = *MqttSubscriber::Start({.port = broker->port()});
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  broker->Freeze();
  plane_->Publish(1, {Event(1)});
  ASSERT_TRUE(IsStored(1));
  broker->Kill();
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  plane_->Drain();
  EXPECT_EQ(*plane_->process().Wait(kDeadline), 0);
  // Closed in order, so that the next boot may trust it: the last record is
  // SessionClosed.
  EXPECT_THAT(ReadFile(dir_.File("1.session")),
              ::testing::EndsWith(std::string("\x02\x3a\0", 3)));
}

TEST_F(WorkerSessionTest, WhatIsToBeAloneGivesUpASessionThatHasOthers) {
  // Takes no message, and ends the first connection after the third one. When
  // they come again it is silent, until PINGREQ. Takes all in a clean session.
  std::atomic<bool> afresh = false;
  ScriptedBroker broker(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        const bool third = packet.body.find("\"n\":3}") != std::string::npos;
        const bool duplicate = (packet.flags & 8) != 0;
        switch (packet.type) {
          case 1: {
            const std::string connack = ConnackFor(packet, 4);
            afresh = connack[2] == 0;
            return connack;
          }
          case 3:
            if (!afresh && third && !duplicate) return std::nullopt;
            if (!afresh) return "";
            return std::string{0x50, 2} + Id(packet.packet_id());
          case 6:
            return std::string{0x70, 2} + Id(packet.packet_id());
          case 12:
            return std::nullopt;
          default:
            return "";
        }
      });
  wire::Configure settings = SessionSettings(broker.port());
  settings.mutable_keep_alive()->set_seconds(1);
  StartWorker(settings);
  ASSERT_TRUE(Connected());
  const int64_t first = epoch();
  plane_->Publish(first, {Event(2), Event(3)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_TRUE(plane_->Says().results[0].suspect());
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(first + 1), kDeadline));
  wire::Publish alone = Event(2);
  alone.set_alone(true);
  plane_->Publish(first + 1, {alone});
  ASSERT_TRUE(plane_->WaitFor(HasResults(3), kDeadline));
  const wire::Result among_others = plane_->Says().results[2];
  EXPECT_EQ(among_others.outcome(), wire::Result::LINK_LOST);
  EXPECT_FALSE(among_others.suspect());
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(first + 2), kDeadline));
  plane_->Publish(first + 2, {alone});
  ASSERT_TRUE(plane_->WaitFor(HasResults(4), kDeadline));
  EXPECT_THAT(plane_->Says().results[3].warning(), HasSubstr("begun afresh"));
}

TEST_F(WorkerSessionTest, AFileThatCannotBeWrittenEndsTheWorker) {
  auto broker = *MosquittoBroker::Create();
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  const rlimit none{0, RLIM_INFINITY};
  ASSERT_EQ(prlimit(plane_->process().pid(), RLIMIT_FSIZE, &none, nullptr), 0);
  plane_->Publish(1, {Event(1)});
  EXPECT_EQ(*plane_->process().Wait(kDeadline), 74);
  // With room again nothing is missing.
  auto subscriber = *MqttSubscriber::Start({.port = broker->port()});
  StartWorker(SessionSettings(broker->port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(1, {Event(1)});
  ASSERT_TRUE(subscriber->WaitForCount(1, kDeadline));
}

// Of the second message's three turns the first ends the connection and the
// second has no answer, so that the third message goes beside it, under id 1.
TEST_F(WorkerSessionTest, KeepsTheOrderThoughPacketIdsBeginAgain) {
  ScriptedBroker broker([turns = 0](const MqttPacket& packet) mutable
                        -> std::optional<std::string> {
    switch (packet.type) {
      case 1:
        return ConnackFor(packet, 4);
      case 3:
        if (packet.body.find("\"n\":2}") != std::string::npos && ++turns < 3) {
          if (turns == 1) return std::nullopt;
          return "";
        }
        return std::string{0x50, 2} + Id(packet.packet_id());
      case 6:
        return std::string{0x70, 2} + Id(packet.packet_id());
      default:
        return "";
    }
  });
  wire::Configure settings = SessionSettings(broker.port());
  settings.mutable_ack_timeout()->set_seconds(1);
  StartWorker(settings);
  ASSERT_TRUE(Connected());
  const int64_t first = epoch();
  plane_->Publish(first, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(1), kDeadline));
  plane_->Publish(first, {Event(2)});
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(first + 1), kDeadline));
  plane_->Publish(first + 1, {Event(2), Event(3)});
  const auto released = [&] {
    std::vector<int> ids;
    for (const MqttPacket& packet : broker.packets()) {
      if (packet.type == 6) ids.push_back(packet.packet_id());
    }
    return ids;
  };
  EXPECT_TRUE(WaitUntil(kDeadline, [&] { return released().size() == 3; }));
  EXPECT_THAT(released(), ElementsAre(1, 2, 1)) << Transcript(*plane_);
}

TEST_F(WorkerSessionTest, AMessageThatCutsTheLinkDoesNotComeBackForEver) {
  for (int level : {4, 5}) {
    // Closes the connection on the second message.
    ScriptedBroker poisoned(
        [&](const MqttPacket& packet) -> std::optional<std::string> {
          switch (packet.type) {
            case 1:  // with the session present, but for a clean start
              return ConnackFor(packet, level);
            case 3:
              if (packet.body.find("\"n\":2}") != std::string::npos) {
                return std::nullopt;
              }
              return level == 5 ? ScriptedBroker::Ack5(5, packet.packet_id(), 0)
                                : std::string{0x50, 2} + Id(packet.packet_id());
            case 6:
              return std::string{0x70, 2} + Id(packet.packet_id());
            default:
              return "";
          }
        });
    StartWorker(SessionSettings(poisoned.port(), level));
    ASSERT_TRUE(Connected());
    plane_->Publish(epoch(), {Event(1), Event(2), Event(3)});
    ASSERT_TRUE(plane_->WaitFor(HasResults(3), kDeadline));
    // Its turn comes again and again, until the session is given up: then the
    // others can be sent without it.
    ASSERT_TRUE(plane_->WaitFor(HasEpoch(4), kDeadline));
    plane_->Publish(4, {Event(3)});
    ASSERT_TRUE(plane_->WaitFor(HasResults(4), kDeadline));
    EXPECT_EQ(plane_->Says().results[3].outcome(), wire::Result::SUCCEEDED);
    plane_->Publish(4, {Event(2)});
    ASSERT_TRUE(plane_->WaitFor(HasResults(5), kDeadline));
    EXPECT_THAT(plane_->Says().results[4].warning(), HasSubstr("begun afresh"));
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

}  // namespace
}  // namespace mqttpush
