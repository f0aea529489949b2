#include "workers/worker/session.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Session> Open(std::string identity = "broker",
                                std::string boot_id = "boot 1") {
    auto session = Session::Open({.path = path_,
                                  .identity = std::move(identity),
                                  .boot_id = std::move(boot_id),
                                  .on_broken = [](const absl::Status& status) {
                                    ADD_FAILURE() << status;
                                  }});
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  // As Paho and the flow do it.
  static void Send(Session& session, int packet_id, int64_t event_seq,
                   std::string packet = "PUBLISH") {
    wire::Publish message;
    message.mutable_delivery()->set_subscription_uid(7);
    message.mutable_delivery()->set_event_seq(event_seq);
    message.set_topic("t");
    message.set_qos(2);
    message.set_subscription_revision(3);
    session.Bind(packet_id, message);
    session.Put(absl::StrCat("s-", packet_id), std::move(packet));
  }
  static std::vector<int64_t> InFlight(const Session& session) {
    std::vector<int64_t> seqs;
    for (const StoredMessage& message : session.ListInFlight()) {
      seqs.push_back(message.delivery.event_seq);
    }
    return seqs;
  }
  static WireEvidence Acknowledged() {
    WireEvidence evidence;
    evidence.publish_time = absl::FromUnixSeconds(1);
    evidence.pubrec_time = absl::FromUnixSeconds(2);
    evidence.ack_time = absl::FromUnixSeconds(3);
    return evidence;
  }
  size_t FileBytes() const { return ReadFile(path_).size(); }

  TempDir dir_;
  const std::string path_ = dir_.File("1.session");
};

TEST_F(SessionTest, KeysOfPacketsHaveTheirId) {
  EXPECT_EQ(PacketIdOfKey("s-7"), 7);
  EXPECT_EQ(PacketIdOfKey("s5-65535"), 65535);
  EXPECT_EQ(PacketIdOfKey("sc-7"), 7);
  EXPECT_EQ(PacketIdOfKey("sc5-7"), 7);
  for (const char* key : {"c-7", "c5-7", "q-1", "r-7", "s", "", "s-x"}) {
    EXPECT_EQ(PacketIdOfKey(key), 0) << key;
  }
}

TEST_F(SessionTest, WhatIsInFlightOutlivesTheProcess) {
  {
    auto session = Open();
    session->SetEstablished();
    Send(*session, 9, 100);
    Send(*session, 10, 101, std::string("\x34\0bytes", 7));
    Send(*session, 1, 102);
    session->Put("sc-9", "PUBREL");
  }  // nothing said good-bye
  auto session = Open();
  EXPECT_TRUE(session->established());
  EXPECT_THAT(InFlight(*session), ElementsAre(100, 101, 102));
  EXPECT_THAT(session->Keys(),
              ::testing::UnorderedElementsAre("s-1", "s-9", "sc-9", "s-10"));
  EXPECT_EQ(session->Get("s-10"), std::string("\x34\0bytes", 7));
  EXPECT_EQ(session->Get("sc-9"), "PUBREL");
  EXPECT_EQ(session->Get("s-11"), std::nullopt);
  const StoredMessage first = session->ListInFlight()[0];
  EXPECT_EQ(first.packet_id, 9);
  EXPECT_EQ(first.sent_as.topic(), "t");
  EXPECT_EQ(first.sent_as.subscription_revision(), 3);
}

TEST_F(SessionTest, DoubtsDoNotPileUp) {
  constexpr int kDoubts = 1100;
  auto session = Open();
  for (int64_t seq = 1; seq <= kDoubts; ++seq) {
    Send(*session, 1, seq);
    session->Break("lost");
  }
  EXPECT_EQ(session->WhyUncertain({7, 100}), "");
  EXPECT_EQ(session->WhyUncertain({7, 101}), "lost");
  EXPECT_EQ(session->WhyUncertain({7, kDoubts}), "lost");
}

TEST_F(SessionTest, AnEndIsRememberedUntilItIsForgotten) {
  {
    auto session = Open();
    Send(*session, 1, 100);
    Send(*session, 2, 101);
    session->End(1, Acknowledged());
    session->End(1, Acknowledged());  // Paho removes four keys
    WireEvidence refused = Acknowledged();
    refused.rejected = true;
    refused.reason_code = 0x97;
    session->End(2, refused);
    session->End(99, refused);
  }
  {
    auto session = Open();
    EXPECT_THAT(InFlight(*session), IsEmpty());
    EXPECT_EQ(session->ListEnded().size(), 2u);
    const wire::SessionEnd end = *session->FindEnded({7, 100});
    EXPECT_FALSE(end.rejected());
    EXPECT_EQ(end.packet_id(), 1);
    EXPECT_EQ(end.ack_time_us(), 3'000'000);
    EXPECT_EQ(end.sent_as().topic(), "t");
    EXPECT_TRUE(session->FindEnded({7, 101})->rejected());
    EXPECT_FALSE(session->FindEnded({8, 100}).has_value());
    session->Forget({{7, 100}, {7, 555}});
  }
  auto session = Open();
  EXPECT_FALSE(session->FindEnded({7, 100}).has_value());
  EXPECT_TRUE(session->FindEnded({7, 101}).has_value());
}

TEST_F(SessionTest, ANumberUsedAnewIsAnotherDelivery) {
  {
    auto session = Open();
    Send(*session, 1, 100);
    session->End(1, Acknowledged());
    Send(*session, 1, 101);
  }
  for (int opened = 0; opened < 2; ++opened) {
    auto session = Open();
    EXPECT_THAT(InFlight(*session), ElementsAre(101));
    EXPECT_TRUE(session->FindEnded({7, 100}).has_value());
  }
}

TEST_F(SessionTest, AResentPacketIsStoredOnce) {
  auto session = Open();
  Send(*session, 1, 100);
  const size_t bytes = FileBytes();
  session->Put("s-1", "PUBLISH with DUP");
  EXPECT_EQ(FileBytes(), bytes);
  EXPECT_EQ(session->Get("s-1"), "PUBLISH");
}

TEST_F(SessionTest, ALostSessionLeavesUncertainty) {
  {
    auto session = Open();
    session->SetEstablished();
    Send(*session, 1, 100);
    session->Break(kSessionLost);
    EXPECT_FALSE(session->established());
    EXPECT_THAT(session->Keys(), IsEmpty());
    EXPECT_EQ(session->WhyUncertain({7, 100}), kSessionLost);
    EXPECT_EQ(session->WhyUncertain({7, 101}), "");
  }
  auto session = Open();
  EXPECT_EQ(session->WhyUncertain({7, 100}), kSessionLost);
  Send(*session, 1, 100);
  session->End(1, Acknowledged());
  EXPECT_EQ(session->FindEnded({7, 100})->warning(), kSessionLost);
  EXPECT_EQ(session->WhyUncertain({7, 100}), kSessionLost);
  session->Forget({{7, 100}});
  EXPECT_EQ(session->WhyUncertain({7, 100}), "");
}

TEST_F(SessionTest, AfterAnUnansweredConnectPublishIsSentAgain) {
  {
    auto session = Open();
    Send(*session, 1, 100);
    session->Put("sc-1", "PUBREL");
    Send(*session, 2, 101);
    session->BeginConnection();
    session->EndConnection();
    session->BeginConnection();
    EXPECT_EQ(session->Get("sc-1"), "PUBREL");
  }  // no answer
  auto session = Open();
  EXPECT_EQ(session->Get("sc-1"), "PUBREL");
  session->BeginConnection();
  EXPECT_EQ(session->Get("sc-1"), std::nullopt);
  EXPECT_EQ(session->Get("s-1"), "PUBLISH");
  EXPECT_EQ(session->WhyUncertain({7, 100}), kUnanswered);
  EXPECT_EQ(session->WhyUncertain({7, 101}), "");
  session->EndConnection();
  session->Put("sc-1", "PUBREL");
  session->End(1, Acknowledged());
  EXPECT_EQ(session->FindEnded({7, 100})->warning(), kUnanswered);
}

// Paho would send 1 before 7.
TEST_F(SessionTest, ASmallerIdThatWasSentLaterIsDeferred) {
  {
    auto session = Open();
    Send(*session, 7, 100);
    Send(*session, 9, 101);
    Send(*session, 1, 102);
    Send(*session, 10, 103);
  }
  auto session = Open();
  session->BeginConnection();
  EXPECT_THAT(session->Keys(), ElementsAre("s-7", "s-9"));
  EXPECT_EQ(session->deferred(), 2);
  session->BeginConnection();  // there was no connection
  EXPECT_EQ(session->deferred(), 2);
  session->DeferNone();
  session->BeginConnection();
  EXPECT_EQ(session->Keys().size(), 4u);
  EXPECT_EQ(session->deferred(), 0);
  session->End(9, Acknowledged());
  session->BeginConnection();
  EXPECT_THAT(session->Keys(), ElementsAre("s-7"));
  session->End(7, Acknowledged());
  session->BeginConnection();
  EXPECT_EQ(session->Keys().size(), 2u);
  EXPECT_EQ(session->deferred(), 0);
}

TEST_F(SessionTest, AnotherBrokersSessionIsNotUsed) {
  {
    auto session = Open();
    session->SetEstablished();
    Send(*session, 1, 100);
  }
  auto session = Open("another broker");
  EXPECT_FALSE(session->established());
  EXPECT_THAT(InFlight(*session), IsEmpty());
  EXPECT_THAT(session->WhyUncertain({7, 100}), HasSubstr("another broker"));
}

TEST_F(SessionTest, AfterTheMachinesRestartOnlyAClosedFileIsTrusted) {
  {
    auto session = Open("broker", "boot 1");
    session->SetEstablished();
    Send(*session, 1, 100);
    ASSERT_TRUE(session->Close().ok());
  }
  {
    auto session = Open("broker", "boot 2");
    EXPECT_THAT(InFlight(*session), ElementsAre(100));
    EXPECT_TRUE(session->established());
  }
  auto session = Open("broker", "boot 3");
  EXPECT_THAT(InFlight(*session), IsEmpty());
  EXPECT_FALSE(session->established());
  EXPECT_THAT(session->WhyUncertain({7, 100}), HasSubstr("restarted"));
}

TEST_F(SessionTest, ARecordThatWasCutShortIsLeftOut) {
  {
    auto session = Open();
    Send(*session, 1, 100);
  }
  const std::string whole = ReadFile(path_);
  {
    auto session = Open();
    Send(*session, 2, 101, std::string(1000, 'x'));
  }
  const std::string more = ReadFile(path_);
  for (size_t size = whole.size(); size < more.size(); size += 97) {
    std::ofstream(path_, std::ios::binary) << more.substr(0, size);
    EXPECT_THAT(InFlight(*Open()), ElementsAre(100)) << size;
  }
  std::ofstream(path_, std::ios::binary) << more;
  EXPECT_THAT(InFlight(*Open()), ElementsAre(100, 101));
}

TEST_F(SessionTest, TheFileDoesNotGrowForEver) {
  auto session = Open();
  Send(*session, 1, 100);
  size_t largest = 0;
  for (int i = 0; i < 2000; ++i) {
    Send(*session, 2, 1000 + i, std::string(10000, 'x'));
    session->End(2, Acknowledged());
    session->Forget({{7, 1000 + i}});
    largest = std::max(largest, FileBytes());
  }
  EXPECT_LT(largest, 5u << 20);  // of 20 MB written
  EXPECT_THAT(InFlight(*session), ElementsAre(100));
  session.reset();
  EXPECT_THAT(InFlight(*Open()), ElementsAre(100));
}

TEST_F(SessionTest, AFileThatCannotBeMadeIsAnError) {
  auto session = Session::Open(
      {.path = dir_.File("no/such/directory"), .identity = "", .boot_id = ""});
  EXPECT_FALSE(session.ok());
}

TEST_F(SessionTest, Qos1IsLeftToDispatch) {
  auto session = Open();
  Send(*session, 1, 100, "\x32 PUBLISH of QoS 1");
  Send(*session, 2, 101, "\x3A repeated, of QoS 1");
  EXPECT_THAT(InFlight(*session), IsEmpty());
  Send(*session, 1, 102, "\x34 PUBLISH of QoS 2");
  EXPECT_THAT(InFlight(*session), ElementsAre(102));
}

TEST_F(SessionTest, AFileHasOneProcessAtATime) {
  auto session = Open();
  Send(*session, 1,
       100);  // it is another file now than the one that was opened
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(Session::Open({.path = path_}).status()));
  }
  EXPECT_EQ(session->Get("s-1"), "PUBLISH");
  session.reset();
  EXPECT_THAT(InFlight(*Open()), ElementsAre(100));
}

TEST_F(SessionTest, ItMattersThatAnAnswerIsReadWhilePubrelIsToBeSentAgain) {
  std::vector<bool> told;
  auto session = *Session::Open(
      {.path = path_, .on_connecting = [&](bool yes) { told.push_back(yes); }});
  Send(*session, 1, 100);
  session->BeginConnection();
  EXPECT_FALSE(session->connecting());
  session->Put("sc-1", "PUBREL");
  session->BeginConnection();
  EXPECT_TRUE(session->connecting());
  session->EndConnection();
  EXPECT_FALSE(session->connecting());
  EXPECT_THAT(told, ElementsAre(true, false));
}

TEST_F(SessionTest, RemembersThatItsBrokerAnswersProbes) {
  Open()->SetProbed();
  EXPECT_TRUE(Open()->probed());
  EXPECT_FALSE(Open("another broker")->probed());
}

}  // namespace
}  // namespace mqttpush
