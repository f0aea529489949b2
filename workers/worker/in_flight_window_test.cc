#include "workers/worker/in_flight_window.h"

#include <string>

#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

wire::Publish Message(int64_t token, int qos, size_t bytes = 1) {
  wire::Publish message;
  message.set_token(token);
  message.set_qos(qos);
  message.set_payload(std::string(bytes, 'x'));
  return message;
}

int64_t SendNext(InFlightWindow& window) {
  wire::Publish message = window.Take();
  InFlightMessage entry;
  entry.token = message.token();
  entry.qos = message.qos();
  entry.bytes = message.topic().size() + message.payload().size();
  return window.Start(entry);
}

int SendAllThatFit(InFlightWindow& window) {
  int sent = 0;
  for (; window.CanSend(); ++sent) SendNext(window);
  return sent;
}

TEST(WindowLimitsTest, TakesTheSmallestThatApplies) {
  struct Case {
    int max_in_flight, receive_maximum, level, messages, qos2_messages;
  };
  const Case kCases[] = {
      {100, 65535, 4, 100, 20},   {100, 65535, 5, 100, 100},
      {10, 65535, 4, 10, 10},     {100, 20, 5, 20, 20},
      {1000, 65535, 5, 100, 100}, {1, 65535, 4, 1, 1},
      {0, 65535, 4, 1, 1},
  };
  for (const Case& c : kCases) {
    WindowLimits limits =
        WindowLimits::For(c.max_in_flight, c.receive_maximum, c.level);
    EXPECT_EQ(limits.messages, c.messages) << c.max_in_flight;
    EXPECT_EQ(limits.qos2_messages, c.qos2_messages) << c.max_in_flight;
  }
}

TEST(InFlightWindowTest, LimitsEachQosInItsOwnWay) {
  struct Case {
    int qos, sent;
  };
  for (const Case& c :
       {Case{0, InFlightWindow::kMaxUnwrittenQos0}, Case{1, 50}, Case{2, 20}}) {
    InFlightWindow window;
    window.SetLimits(WindowLimits::For(50, 65535, 4));
    for (int i = 0; i < 200; ++i) window.Enqueue(Message(i, c.qos));
    EXPECT_EQ(SendAllThatFit(window), c.sent) << "QoS " << c.qos;
    EXPECT_EQ(window.queued(), 200 - c.sent);
  }
}

TEST(InFlightWindowTest, LimitsBytesButAlwaysLetsOneThrough) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(100, 65535, 5));
  window.Enqueue(Message(1, 1, limits::kMaxInFlightBytes + 1));
  window.Enqueue(Message(2, 1));
  EXPECT_EQ(SendAllThatFit(window), 1);
  EXPECT_TRUE(window.Finish(1).has_value());
  for (int i = 0; i < 10; ++i) window.Enqueue(Message(3 + i, 1, 60 << 10));
  EXPECT_EQ(SendAllThatFit(window), 5);  // 1 byte and 4 times 60 KiB
}

TEST(InFlightWindowTest, KeepsOrderAcrossQosLevels) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(1, 65535, 5));
  window.Enqueue(Message(1, 1));
  window.Enqueue(Message(2, 1));
  window.Enqueue(Message(3, 0));
  EXPECT_EQ(SendAllThatFit(window), 1);  // 3 must not overtake 2
  EXPECT_EQ(window.Finish(1)->token, 1);
  EXPECT_EQ(SendAllThatFit(window), 2);
}

TEST(InFlightWindowTest, FinishesOutOfOrderAndOnlyOnce) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  for (int i = 1; i <= 3; ++i) window.Enqueue(Message(10 * i, 1));
  EXPECT_EQ(SendAllThatFit(window), 3);
  EXPECT_EQ(window.Finish(2)->token, 20);
  EXPECT_FALSE(window.Finish(2).has_value());
  EXPECT_EQ(window.oldest().token, 10);
  EXPECT_EQ(window.Finish(1)->token, 10);
  EXPECT_EQ(window.oldest().token, 30);
  EXPECT_FALSE(window.Finish(1).has_value());
  EXPECT_FALSE(window.Finish(99).has_value());
  EXPECT_EQ(window.in_flight(), 1);
}

TEST(InFlightWindowTest, HandsBackInOrderAndNeverUsesAnIdAgain) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(3, 65535, 5));
  for (int i = 1; i <= 5; ++i) window.Enqueue(Message(i, 1));
  SendAllThatFit(window);
  window.Finish(2);
  auto in_flight = window.TakeInFlight();
  ASSERT_EQ(in_flight.size(), 2u);
  EXPECT_EQ(in_flight[0].token, 1);
  EXPECT_EQ(in_flight[1].token, 3);
  auto queued = window.TakeQueued();
  ASSERT_EQ(queued.size(), 2u);
  EXPECT_EQ(queued[0].token(), 4);
  EXPECT_EQ(window.in_flight(), 0);
  window.Enqueue(Message(6, 1));
  EXPECT_EQ(SendNext(window), 4);
  EXPECT_FALSE(window.Finish(3).has_value());
}

TEST(InFlightWindowTest, OpensWithItsAcknowledgements) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  window.StartSlowly();
  for (int i = 1; i <= 50; ++i) window.Enqueue(Message(i, 1));
  EXPECT_EQ(SendAllThatFit(window), InFlightWindow::kFirstWindow);
  int64_t next = 1;
  for (int in_flight = InFlightWindow::kFirstWindow; in_flight < 10;
       ++in_flight) {
    window.Finish(next++);
    EXPECT_EQ(SendAllThatFit(window), 2);
  }
  window.Finish(next++);
  EXPECT_EQ(SendAllThatFit(window), 1);
  EXPECT_EQ(window.in_flight(), 10);
}

TEST(InFlightWindowTest, AloneMeansWithNothingElseInFlight) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  for (int i = 1; i <= 3; ++i) {
    window.Enqueue(Message(i, 1));
    if (i != 2) continue;
    wire::Publish last = window.TakeQueued().back();
    window.Enqueue(Message(1, 1));
    last.set_alone(true);
    window.Enqueue(last);
  }
  EXPECT_EQ(SendAllThatFit(window), 1);
  window.Finish(1);
  wire::Publish alone = window.Take();
  EXPECT_TRUE(alone.alone());
  InFlightMessage entry;
  entry.token = alone.token();
  entry.qos = 1;
  entry.alone = true;
  window.Start(entry);
  EXPECT_FALSE(window.CanSend());
  window.Finish(2);
  EXPECT_EQ(SendAllThatFit(window), 1);
}

TEST(InFlightWindowTest, FindsMessagesByPacketAndByDelivery) {
  InFlightWindow window;
  InFlightMessage stored;
  stored.qos = 2;
  stored.delivery = {7, 1};
  window.SetPacketId(window.Start(stored), 40);
  stored.delivery = {7, 2};
  window.SetPacketId(window.Start(stored), 41);
  EXPECT_EQ(window.Adopt({7, 3}, 99, false), nullptr);
  EXPECT_EQ(window.Adopt({7, 2}, 99, false)->token, 99);
  EXPECT_EQ(window.Adopt({7, 2}, 99, false), nullptr);
  EXPECT_FALSE(window.FinishPacket(42).has_value());
  EXPECT_EQ(window.FinishPacket(41)->token, 99);
  EXPECT_FALSE(window.FinishPacket(41).has_value());
  EXPECT_EQ(window.FinishPacket(40)->token, 0);
  EXPECT_EQ(window.in_flight(), 0);
}

TEST(InFlightWindowTest, NothingFollowsAnAdoptedMessageThatIsToBeAlone) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  InFlightMessage stored;
  stored.qos = 2;
  for (int i = 1; i <= 2; ++i) {
    stored.delivery = {7, i};
    window.SetPacketId(window.Start(stored), i);
  }
  window.Enqueue(Message(3, 1));
  EXPECT_TRUE(window.CanSend());
  ASSERT_NE(window.Adopt({7, 1}, 1, /*alone=*/true), nullptr);
  EXPECT_FALSE(window.CanSend());
  window.FinishPacket(2);
  EXPECT_FALSE(window.CanSend());
  EXPECT_TRUE(window.FinishPacket(1)->alone);
  EXPECT_TRUE(window.CanSend());
}

TEST(InFlightWindowTest, AMessageIsOvertakenAtItsOwnQosOnly) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  EXPECT_FALSE(window.overtaken());
  for (int qos : {0, 0, 2, 1, 2, 2}) window.Enqueue(Message(1, qos));
  SendAllThatFit(window);
  window.Finish(2);
  EXPECT_FALSE(window.overtaken());  // QoS 0 has no answer
  window.Finish(1);
  window.Finish(4);
  EXPECT_FALSE(window.overtaken());
  window.Finish(5);
  EXPECT_TRUE(window.overtaken());
  window.Finish(3);
  EXPECT_FALSE(window.overtaken());
  window.Finish(6);
  EXPECT_FALSE(window.overtaken());
}

TEST(InFlightWindowTest, AStuckMessageDoesNotLetTheWindowGrow) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  int64_t sent = 0;
  for (int i = 0; i < 3 * InFlightWindow::kMaxSpan; ++i) {
    window.Enqueue(Message(i, 1));
    if (!window.CanSend()) break;
    sent = SendNext(window);
    if (sent > 1) window.Finish(sent);
  }
  EXPECT_EQ(sent, InFlightWindow::kMaxSpan);
  window.Finish(1);
  EXPECT_TRUE(window.CanSend());
}

TEST(InFlightWindowTest, Qos1CountsBesideQos2) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(100, 65535, 4));
  for (int i = 0; i < 19; ++i) window.Enqueue(Message(i, 2));
  for (int i = 0; i < 30; ++i) window.Enqueue(Message(100 + i, 1));
  EXPECT_EQ(SendAllThatFit(window), 20);
  for (int id = 1; id <= 19; ++id) window.Finish(id);
  // Without QoS 2 there is no such bound.
  EXPECT_EQ(SendAllThatFit(window), 29);
  window.Enqueue(Message(200, 2));
  EXPECT_FALSE(window.CanSend());
  for (int id = 20; id <= 29; ++id) window.Finish(id);
  EXPECT_FALSE(window.CanSend());
  window.Finish(30);
  EXPECT_TRUE(window.CanSend());
}

TEST(InFlightWindowTest, WhatWasResumedGoesFirst) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  window.StartSlowly();
  for (int id : {1, 2}) {
    InFlightMessage resumed;
    resumed.qos = 2;
    resumed.resumed = true;
    window.SetPacketId(window.Start(resumed), 26 + id);
  }
  window.Enqueue(Message(1, 2));
  EXPECT_FALSE(window.CanSend());
  window.FinishPacket(27);
  EXPECT_FALSE(window.CanSend());
  window.FinishPacket(28);
  EXPECT_TRUE(window.CanSend());
}

TEST(InFlightWindowTest, WhatWasResumedDoesNotBlockForEver) {
  InFlightWindow window;
  window.SetLimits(WindowLimits::For(10, 65535, 5));
  window.StartSlowly();
  InFlightMessage resumed;
  resumed.qos = 2;
  resumed.resumed = true;
  window.Start(resumed);
  window.Enqueue(Message(1, 2));
  EXPECT_FALSE(window.CanSend());
  window.SendBesideResumed();
  EXPECT_TRUE(window.CanSend());
}

}  // namespace
}  // namespace mqttpush
