// What hangs on the answer to CONNECT, when a message of QoS 2 is past PUBREC:
// a broker that lost its session would acknowledge PUBREL without having the
// message.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/worker/worker_session_test_base.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Answer = std::function<std::optional<std::string>()>;

// Takes over messages, but closes the connection at the first PUBREL. The next
// CONNECT has the answer `next`.
ScriptedBroker::Script ClosingAtPubrel(Answer next) {
  return [next = std::move(next), pubrels = 0](
             const MqttPacket& packet) mutable -> std::optional<std::string> {
    switch (packet.type) {
      case 1:
        return pubrels == 1 && next ? std::exchange(next, nullptr)()
                                    : ConnackFor(packet, 4);
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

int Publishes(const ScriptedBroker& broker) {
  int count = 0;
  for (const MqttPacket& packet : broker.packets()) count += packet.type == 3;
  return count;
}

class WorkerAnswerTest : public WorkerSessionTest {
 protected:
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
  StartWorker(SessionSettings(broker.port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline)) << Transcript(*plane_);
  plane_->Publish(2, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_THAT(plane_->Says().results[1].warning(), HasSubstr("may arrive"));
  EXPECT_EQ(Publishes(broker), 2);
}

TEST_F(WorkerAnswerTest, OneThatWasNeverGivenIsNotDoubted) {
  // As a balancer does whose broker is not there.
  ScriptedBroker broker(ClosingAtPubrel([] { return std::nullopt; }));
  StartWorker(SessionSettings(broker.port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline)) << Transcript(*plane_);
  plane_->Publish(2, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_THAT(plane_->Says().results[1].warning(), IsEmpty());
  EXPECT_EQ(Publishes(broker), 1);
}

// The next worker then knows it.
TEST_F(WorkerAnswerTest, AWorkerThatLeavesWaitsForIt) {
  for (bool drained : {true, false}) {
    absl::Notification called, may_answer;
    ScriptedBroker broker(ClosingAtPubrel([&] {
      called.Notify();
      may_answer.WaitForNotification();
      return SessionPresent();
    }));
    StartWorker(SessionSettings(broker.port()));
    ASSERT_TRUE(Connected());
    plane_->Publish(epoch(), {Event(1)});
    ASSERT_TRUE(called.WaitForNotificationWithTimeout(kDeadline));
    drained ? plane_->Drain() : plane_->HangUp();
    may_answer.Notify();
    EXPECT_EQ(*plane_->process().Wait(kDeadline), 0);
    StartWorker(SessionSettings(broker.port()));
    ASSERT_TRUE(Connected());
    EXPECT_THAT(SendOneAgain().warning(), IsEmpty());
    EXPECT_EQ(Publishes(broker), 1);
    plane_->process().Kill();
    ASSERT_EQ(unlink(dir_.File("1.session").c_str()), 0);
  }
}

TEST_F(WorkerAnswerTest, OtherSettingsWaitForIt) {
  absl::Notification called, may_answer;
  ScriptedBroker broker(ClosingAtPubrel([&] {
    called.Notify();
    may_answer.WaitForNotification();
    return SessionPresent();
  }));
  wire::Configure settings = SessionSettings(broker.port());
  StartWorker(settings);
  ASSERT_TRUE(Connected());
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(called.WaitForNotificationWithTimeout(kDeadline));
  const int connects = plane_->Says().connect_requests;
  settings.mutable_keep_alive()->set_seconds(30);
  plane_->Configure(settings);
  may_answer.Notify();
  ASSERT_TRUE(plane_->WaitFor([connects](const WorkerSays& says) {
    return says.connect_requests > connects;
  }));
  ASSERT_TRUE(plane_->WaitFor(HasEpoch(2), kDeadline)) << Transcript(*plane_);
  plane_->Publish(2, {Event(1)});
  ASSERT_TRUE(plane_->WaitFor(HasResults(2), kDeadline));
  EXPECT_THAT(plane_->Says().results[1].warning(), IsEmpty());
  EXPECT_EQ(Publishes(broker), 1);
}

// It may still be waiting for an answer of the broker.
TEST_F(WorkerAnswerTest, TheNextWorkerWaitsForTheOneBefore) {
  absl::Notification called, may_answer;
  ScriptedBroker broker(ClosingAtPubrel([&] {
    called.Notify();
    may_answer.WaitForNotification();
    return SessionPresent();
  }));
  StartWorker(SessionSettings(broker.port()));
  ASSERT_TRUE(Connected());
  plane_->Publish(epoch(), {Event(1)});
  ASSERT_TRUE(called.WaitForNotificationWithTimeout(kDeadline));
  plane_->HangUp();
  std::unique_ptr<ControlPlaneStub> first = std::move(plane_);
  StartWorker(SessionSettings(broker.port()));
  ASSERT_TRUE(plane_->WaitFor(HasState(wire::LinkStatus::BACKING_OFF)));
  EXPECT_THAT(plane_->Says().statuses.back().last_error(),
              HasSubstr("the worker before"));
  may_answer.Notify();
  ASSERT_TRUE(Connected());
  EXPECT_THAT(SendOneAgain().warning(), IsEmpty());
  EXPECT_EQ(Publishes(broker), 1);
}

}  // namespace
}  // namespace mqttpush
