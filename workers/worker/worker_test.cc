// The real worker program against a real mosquitto; the test is the control
// plane.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/free_port.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> Payloads(const MqttSubscriber& subscriber) {
  std::vector<std::string> payloads;
  for (const ReceivedMessage& message : subscriber.messages()) {
    payloads.push_back(message.payload);
  }
  return payloads;
}

std::unique_ptr<MosquittoBroker> Broker(MosquittoBroker::Options options = {}) {
  auto broker = MosquittoBroker::Create(std::move(options));
  EXPECT_TRUE(broker.ok()) << broker.status();
  return *std::move(broker);
}

std::unique_ptr<MqttSubscriber> Subscriber(const MosquittoBroker& broker) {
  auto subscriber = MqttSubscriber::Start({.port = broker.port()});
  EXPECT_TRUE(subscriber.ok()) << subscriber.status();
  return *std::move(subscriber);
}

class WorkerTest : public WorkerTestBase {};

struct Delivery {
  int protocol_level;
  int qos;
};

class WorkerDeliveryTest : public WorkerTest,
                           public ::testing::WithParamInterface<Delivery> {};

TEST_P(WorkerDeliveryTest, DeliversEveryByteInOrder) {
  auto broker = Broker();
  auto subscriber = Subscriber(*broker);
  wire::Configure settings = Settings(broker->port());
  settings.set_protocol_level(GetParam().protocol_level);
  ASSERT_TRUE(ConnectTo(settings));
  std::vector<wire::Publish> messages;
  std::vector<std::string> payloads;
  for (int64_t token = 1; token <= 150; ++token) {
    payloads.push_back(absl::StrCat(
        R"({"id":9223372036854775807,"v":2.50,"z":-0.0,"e":1e-7,)"
        R"("t":"\u00e9 æøå )",
        token, std::string(static_cast<size_t>(token) * 10, 'x'), R"("})"));
    messages.push_back(Message(token, GetParam().qos, payloads.back()));
  }
  payloads[7] = std::string("\0\xff binary", 9);
  messages[7].set_payload(payloads[7]);
  plane_.Publish(1, messages);
  ASSERT_TRUE(Await(HasResults(messages.size())));
  ASSERT_TRUE(subscriber->WaitForCount(messages.size(), kDeadline));
  EXPECT_EQ(Payloads(*subscriber), payloads);
  EXPECT_EQ(subscriber->messages()[0].qos, GetParam().qos);
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(Count(says, wire::Result::SUCCEEDED), 150);
  const wire::Result& result = says.results.front();
  EXPECT_EQ(result.packet_id() > 0, GetParam().qos > 0);
  EXPECT_EQ(result.broker_address(),
            absl::StrCat("127.0.0.1:", broker->port()));
  EXPECT_LT(absl::Now() - absl::FromUnixMicros(result.start_time_us()),
            absl::Minutes(1));
  EXPECT_LT(result.duration_us(), 60'000'000);
}

INSTANTIATE_TEST_SUITE_P(AllOfThem, WorkerDeliveryTest,
                         ::testing::Values(Delivery{4, 0}, Delivery{4, 1},
                                           Delivery{4, 2}, Delivery{5, 0},
                                           Delivery{5, 1}, Delivery{5, 2}),
                         [](const auto& info) {
                           return absl::StrCat("Level",
                                               info.param.protocol_level, "Qos",
                                               info.param.qos);
                         });

TEST_F(WorkerTest, SaysHelloAndKeepsRetainedMessages) {
  auto broker = Broker();
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  EXPECT_EQ(plane_.Says().hello.nonce(), plane_.nonce());
  EXPECT_EQ(plane_.Says().hello.pid(), plane_.process().pid());
  EXPECT_THAT(
      plane_.Says().order,
      ElementsAre("status CONNECTING", "status CONNECTED", "credit 1/200"));
  wire::Publish message = Message(1, 1);
  message.set_retain(true);
  plane_.Publish(1, {message});
  ASSERT_TRUE(Await(HasResults(1)));
  auto subscriber = Subscriber(*broker);
  ASSERT_TRUE(subscriber->WaitForCount(1, kDeadline));
  EXPECT_TRUE(subscriber->messages()[0].retain);
}

TEST_F(WorkerTest, TakesTheBrokersReceiveMaximum) {
  auto broker = Broker();
  wire::Configure settings = Settings(broker->port());
  settings.set_protocol_level(5);
  ASSERT_TRUE(ConnectTo(settings));
  EXPECT_EQ(plane_.Says().credits.back().limit(), 40);  // twice mosquitto's 20
}

TEST_F(WorkerTest, LogsInWithAPassword) {
  auto broker = Broker({.users = {{"tenant-a", "s3cret"}}});
  wire::Configure settings = Settings(broker->port());
  settings.set_username("tenant-a");
  settings.set_password("s3cret");
  ASSERT_TRUE(ConnectTo(settings));
}

TEST_F(WorkerTest, AWrongPasswordIsRefusedOnceAndNotRepeated) {
  auto broker = Broker({.users = {{"tenant-a", "s3cret"}}});
  wire::Configure settings = Settings(broker->port());
  settings.set_username("tenant-a");
  settings.set_password("wr0ng");
  plane_.Configure(settings);
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  wire::LinkStatus status = plane_.Says().statuses.back();
  EXPECT_EQ(status.last_error(), "CONNACK 5: not authorized");
  EXPECT_THAT(status.ShortDebugString(), Not(HasSubstr("wr0ng")));
  EXPECT_GT(status.next_connect_time().seconds(),
            absl::ToUnixSeconds(absl::Now()) + 120);
  // The right one is tried at once.
  settings.set_password("s3cret");
  ASSERT_TRUE(ConnectTo(settings));
  EXPECT_EQ(plane_.Says().statuses.back().last_error(),
            "CONNACK 5: not authorized");
}

TEST_F(WorkerTest, AWrongPasswordOverMqtt5HasItsName) {
  auto broker = Broker({.users = {{"tenant-a", "s3cret"}}});
  wire::Configure settings = Settings(broker->port());
  settings.set_protocol_level(5);
  plane_.Configure(settings);
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  EXPECT_EQ(plane_.Says().statuses.back().last_error(),
            "CONNACK 0x87 not authorized");
}

TEST_F(WorkerTest, SaysWhyItCannotConnect) {
  plane_.Configure(Settings(FreePort()));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::BACKING_OFF)));
  EXPECT_THAT(plane_.Says().statuses.back().last_error(),
              StartsWith("connection refused (127.0.0.1:"));
  wire::Configure settings = Settings(1883);
  settings.set_host("no-such-host.invalid");
  plane_.Configure(settings);
  ASSERT_TRUE(Await([](const WorkerSays& says) {
    return absl::StartsWith(says.statuses.back().last_error(),
                            "DNS: no-such-host.invalid: ");
  }));
}

class WorkerTlsTest : public WorkerTest {
 protected:
  WorkerTlsTest() : authority_(*TestCertificateAuthority::Create()) {}

  wire::Configure TlsSettings(const MosquittoBroker& broker) {
    wire::Configure settings = Settings(broker.port());
    settings.mutable_tls()->set_ca_certificates_pem(authority_->ca_pem());
    return settings;
  }
  void ExpectRefusal(const std::string& error) {
    ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
    EXPECT_EQ(plane_.Says().statuses.back().last_error(), error);
  }

  std::unique_ptr<TestCertificateAuthority> authority_;
};

TEST_F(WorkerTlsTest, DeliversOverTls) {
  auto broker = Broker({.tls = authority_.get()});
  ASSERT_TRUE(ConnectTo(TlsSettings(*broker)));
  for (int qos : {0, 1, 2}) {
    plane_.Publish(1, Messages(qos * 100 + 1, qos * 100 + 50, qos));
    ASSERT_TRUE(Await(HasResults(qos * 50 + 50)));
  }
  EXPECT_EQ(Count(plane_.Says(), wire::Result::SUCCEEDED), 150);
}

TEST_F(WorkerTlsTest, KnowsABrokersCut) {
  auto broker = Broker({.tls = authority_.get()});
  ASSERT_TRUE(ConnectTo(TlsSettings(*broker)));
  broker->Freeze();
  // What is before one of QoS 0 that was written has been written.
  plane_.Publish(1, {Message(1, 1), Message(2, 0)});
  ASSERT_TRUE(Await(HasResults(1)));
  broker->Kill();  // without a word of TLS
  ASSERT_TRUE(Await(HasResults(2)));
  const wire::Result lost = plane_.Says().results[1];
  EXPECT_EQ(lost.outcome(), wire::Result::LINK_LOST);
  EXPECT_TRUE(lost.suspect()) << lost.error_message();
}

TEST_F(WorkerTlsTest, ShowsAClientCertificate) {
  auto broker =
      Broker({.tls = authority_.get(), .require_client_certificate = true});
  wire::Configure settings = TlsSettings(*broker);
  auto certificate = authority_->IssueClient("tenant-a");
  ASSERT_TRUE(certificate.ok());
  settings.mutable_tls()->set_certificate_chain_pem(
      certificate->certificate_pem);
  settings.mutable_tls()->set_private_key_pem(certificate->key_pem);
  ASSERT_TRUE(ConnectTo(settings));
}

TEST_F(WorkerTlsTest, AMissingClientCertificateIsRefused) {
  auto broker =
      Broker({.tls = authority_.get(), .require_client_certificate = true});
  plane_.Configure(TlsSettings(*broker));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  EXPECT_THAT(plane_.Says().statuses.back().last_error(),
              HasSubstr("certificate required"));
}

TEST_F(WorkerTlsTest, AnUnknownAuthorityIsRefused) {
  auto broker = Broker({.tls = authority_.get()});
  auto other = *TestCertificateAuthority::Create("Other CA");
  wire::Configure settings = TlsSettings(*broker);
  settings.mutable_tls()->set_ca_certificates_pem(other->ca_pem());
  plane_.Configure(settings);
  // mosquitto sends its authority along.
  ExpectRefusal(
      "TLS: certificate verify failed: self-signed certificate in certificate "
      "chain");
  settings.mutable_tls()->clear_ca_certificates_pem();  // the system's
  settings.mutable_tls()->set_server_name("localhost");
  plane_.Configure(settings);
  ASSERT_TRUE(
      Await([](const WorkerSays& says) { return says.statuses.size() >= 4; }));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::REFUSED)));
  settings.mutable_tls()->set_insecure_skip_verify(true);
  ASSERT_TRUE(ConnectTo(settings));
}

TEST_F(WorkerTlsTest, AWrongHostNameIsRefused) {
  auto broker = Broker(
      {.tls = authority_.get(), .subject_alt_names = "DNS:broker.example"});
  wire::Configure settings = TlsSettings(*broker);
  plane_.Configure(settings);
  ExpectRefusal(
      "TLS: certificate verify failed: it is not valid for host \"127.0.0.1\"");
  // Under its own name the same broker is fine, wherever it is.
  settings.mutable_tls()->set_server_name("broker.example");
  ASSERT_TRUE(ConnectTo(settings));
}

TEST_F(WorkerTest, ABrokenLinkHandsEverythingBackInOneMessage) {
  auto broker = Broker();
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  // Opens the window, which starts small.
  plane_.Publish(1, Messages(2001, 2100, 1));
  ASSERT_TRUE(Await(HasResults(100)));
  broker->Freeze();  // it acknowledges nothing
  plane_.Publish(1, Messages(1, 50, 1));
  // What is before one of QoS 0 that was written has been written.
  plane_.Publish(1, {Message(900, 0)});
  ASSERT_TRUE(Await(HasResults(101)));
  plane_.Publish(1, Messages(51, 150, 1));
  // The worker has them once it has handed back what belongs to no epoch.
  plane_.Publish(77, Messages(1000, 1000, 1));
  ASSERT_TRUE(Await(HasResults(102)));
  broker->Kill();
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::BACKING_OFF)));
  WorkerSays says = plane_.Says();
  says.results.erase(says.results.begin(), says.results.begin() + 100);
  // Of the window, what Paho had not written when the link broke was not sent.
  const int lost = Count(says, wire::Result::LINK_LOST);
  EXPECT_GE(lost, 50);
  EXPECT_LE(lost, 100);
  EXPECT_EQ(lost + Count(says, wire::Result::NOT_SENT), 151);
  std::vector<int64_t> expected = {900, 1000};
  for (int64_t token = 1; token <= 150; ++token) expected.push_back(token);
  EXPECT_EQ(Tokens(says), expected);
  EXPECT_EQ(says.results_per_message.back(), 150);
  EXPECT_THAT(says.statuses.back().last_error(), StartsWith("connection lost"));
  // What comes now, and what comes later for the epoch that is over, goes back.
  plane_.Publish(1, Messages(151, 152, 1));
  ASSERT_TRUE(Await(HasResults(154)));
  EXPECT_EQ(plane_.Says().results.back().outcome(), wire::Result::NOT_SENT);
  ASSERT_TRUE(broker->Start().ok());
  ASSERT_TRUE(Await(HasEpoch(2)));
  plane_.Publish(1, Messages(153, 153, 1));
  plane_.Publish(2, Messages(154, 154, 1));
  ASSERT_TRUE(Await(HasResults(256)));
  EXPECT_EQ(plane_.Says().results[254].outcome(), wire::Result::NOT_SENT);
  EXPECT_EQ(plane_.Says().results[255].outcome(), wire::Result::SUCCEEDED);
}

TEST_F(WorkerTest, ASilentBrokerIsReplaced) {
  auto broker = Broker();
  wire::Configure settings = Settings(broker->port());
  settings.mutable_ack_timeout()->set_seconds(1);
  ASSERT_TRUE(ConnectTo(settings));
  broker->Freeze();
  plane_.Publish(1, Messages(1, 3, 1));
  ASSERT_TRUE(Await(HasResults(3)));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::STALLED)));
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(says.results[0].outcome(), wire::Result::ACK_TIMEOUT);
  EXPECT_EQ(says.results[1].outcome(), wire::Result::LINK_LOST);
  EXPECT_EQ(says.results[2].outcome(), wire::Result::LINK_LOST);
  EXPECT_EQ(says.statuses.back().last_error(), "no acknowledgement within 1s");
  broker->Thaw();
  ASSERT_TRUE(Await(HasEpoch(2)));
}

TEST_F(WorkerTest, DeliversAllAgainAfterBrokerRestartsUnderLoad) {
  auto broker = Broker();
  auto subscriber = Subscriber(*broker);
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  constexpr int kMessages = 3000;
  std::vector<bool> done(kMessages + 1, false);
  size_t seen = 0;
  int restarts = 0;
  int64_t epoch = 1;
  for (int round = 0; round < 100; ++round) {
    // Sends what is not done, in batches within the credit.
    std::vector<wire::Publish> batch;
    for (int64_t t = 1; t <= kMessages && batch.size() < 200; ++t) {
      if (!done[t]) batch.push_back(Message(t, 1));
    }
    if (batch.empty()) break;
    plane_.Publish(epoch, batch);
    if (round % 5 == 2) {
      broker->Kill();
      ASSERT_TRUE(broker->Start().ok());
      ++restarts;
    }
    ASSERT_TRUE(Await(HasResults(seen + batch.size())));
    const WorkerSays says = plane_.Says();
    for (; seen < says.results.size(); ++seen) {
      const wire::Result& result = says.results[seen];
      if (result.outcome() == wire::Result::SUCCEEDED) {
        done[result.token()] = true;
      }
    }
    ASSERT_TRUE(Await(IsConnected));
    epoch = plane_.Says().credits.back().epoch();
  }
  EXPECT_GE(restarts, 3);
  EXPECT_EQ(std::count(done.begin(), done.end(), true), kMessages);
}

TEST_F(WorkerTest, NewSettingsUnderLoadLoseNothing) {
  auto broker = Broker();
  auto other = Broker();
  auto subscriber = Subscriber(*broker);
  auto other_subscriber = Subscriber(*other);
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  plane_.Publish(1, Messages(1, 200, 1));
  plane_.Configure(Settings(other->port()));
  ASSERT_TRUE(Await(HasResults(200)));
  ASSERT_TRUE(Await(
      [](const WorkerSays& says) { return says.credits.back().epoch() == 2; }));
  const WorkerSays says = plane_.Says();
  const int sent = Count(says, wire::Result::SUCCEEDED);
  EXPECT_EQ(sent + Count(says, wire::Result::NOT_SENT), 200);
  EXPECT_TRUE(subscriber->WaitForCount(sent, kDeadline));
  EXPECT_THAT(says.order, ::testing::Contains("credit 1/0"));
  plane_.Publish(2, Messages(201, 210, 1));
  EXPECT_TRUE(other_subscriber->WaitForCount(10, kDeadline));
}

TEST_F(WorkerTest, TheSameSettingsChangeNothing) {
  auto broker = Broker();
  wire::Configure settings = Settings(broker->port());
  ASSERT_TRUE(ConnectTo(settings));
  plane_.Configure(settings);
  settings.set_max_in_flight(7);
  plane_.Configure(settings);
  ASSERT_TRUE(Await([](const WorkerSays& says) {
    return says.credits.back().limit() == 14;
  }));
  EXPECT_EQ(plane_.Says().credits.back().epoch(), 1);
}

TEST_F(WorkerTest, ATopicThatMqttForbidsIsTheMessagesOwnFault) {
  auto broker = Broker();
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  std::vector<wire::Publish> messages;
  for (const std::string& topic : {std::string("a/#"), std::string("+/b"),
                                   std::string("a\0b", 3), std::string("")}) {
    messages.push_back(Message(messages.size(), 1));
    messages.back().set_topic(topic);
  }
  messages.push_back(Message(4, 1));
  plane_.Publish(1, messages);
  ASSERT_TRUE(Await(HasResults(5)));
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(Count(says, wire::Result::CLIENT_ERROR), 4);
  EXPECT_THAT(says.results[0].error_message(),
              StartsWith("topic name invalid"));
  EXPECT_EQ(says.results[4].outcome(), wire::Result::SUCCEEDED);
}

TEST_F(WorkerTest, WhatTheBrokerForbidsIsRejectedWithItsReason) {
  auto broker = Broker({.more_config = "retain_available false\n"
                                       "max_packet_size 1000\n"});
  wire::Configure settings = Settings(broker->port());
  settings.set_protocol_level(5);
  ASSERT_TRUE(ConnectTo(settings));
  wire::Publish large = Message(1, 1, std::string(1000, 'x'));
  wire::Publish retained = Message(2, 1);
  retained.set_retain(true);
  plane_.Publish(1, {large, retained, Message(3, 1)});
  ASSERT_TRUE(Await(HasResults(3)));
  const WorkerSays says = plane_.Says();
  EXPECT_EQ(says.results[0].outcome(), wire::Result::REJECTED);
  EXPECT_EQ(says.results[0].reason_code(), 0x95);
  EXPECT_THAT(says.results[0].error_message(),
              StartsWith("0x95 packet too large: not sent: 1037 bytes"));
  EXPECT_EQ(says.results[1].reason_code(), 0x9A);
  EXPECT_EQ(says.results[2].outcome(), wire::Result::SUCCEEDED);
}

TEST_F(WorkerTest, ABrokerThatAllowsNoQos2IsGuessed) {
  // mosquitto 2.0.11 says so in MQTT 5 only; otherwise it hangs up.
  auto broker = Broker({.more_config = "max_qos 1\n"});
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  for (int64_t epoch = 1; epoch <= 2; ++epoch) {
    ASSERT_TRUE(Await(HasEpoch(epoch)));
    plane_.Publish(epoch, {Message(epoch, 2)});
    ASSERT_TRUE(Await(HasResults(static_cast<size_t>(epoch))));
  }
  ASSERT_TRUE(Await(HasEpoch(3)));
  plane_.Publish(3, {Message(3, 1)});
  ASSERT_TRUE(Await(HasResults(3)));
  const WorkerSays says = plane_.Says();
  EXPECT_TRUE(says.results[0].suspect());
  EXPECT_EQ(says.results[0].error_message(),
            "connection lost: closed by the peer");
  EXPECT_TRUE(says.results[1].suspect());
  EXPECT_THAT(says.results[1].error_message(),
              HasSubstr("closed by the peer; the broker may not allow QoS 2"));
  EXPECT_THAT(says.statuses.back().last_error(),
              HasSubstr("the broker may not allow QoS 2"));
  EXPECT_EQ(says.results[2].outcome(), wire::Result::SUCCEEDED);
}

TEST_F(WorkerTest, MixedQosStaysWithinWhatMosquittoBears) {
  // Over MQTT 3.1.1 it answers the 21st, throws it away and hangs up.
  auto broker = Broker();
  auto subscriber = Subscriber(*broker);
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  constexpr int kBatch = 100, kBatches = 20;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<wire::Publish> messages;
    for (int i = 0; i < kBatch; ++i) {
      const int64_t token = batch * kBatch + i + 1;
      messages.push_back(Message(token, token % 3 == 0 ? 1 : 2));
    }
    plane_.Publish(1, messages);
    ASSERT_TRUE(Await(HasResults((batch + 1) * kBatch)));
  }
  EXPECT_EQ(Count(plane_.Says(), wire::Result::SUCCEEDED), kBatch * kBatches);
  EXPECT_TRUE(subscriber->WaitForCount(kBatch * kBatches, kDeadline));
  EXPECT_EQ(plane_.Says().credits.back().epoch(), 1);
}

TEST_F(WorkerTest, TakesLargeMessagesAndLargeBatches) {
  auto broker = Broker();
  auto subscriber = Subscriber(*broker);
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  std::vector<wire::Publish> messages;
  for (int64_t token = 1; token <= 40; ++token) {
    messages.push_back(Message(token, 1, std::string(256 << 10, 'x')));
  }
  plane_.Publish(1, messages);
  ASSERT_TRUE(Await(HasResults(messages.size())));
  EXPECT_EQ(Count(plane_.Says(), wire::Result::SUCCEEDED), 40);
  ASSERT_TRUE(subscriber->WaitForCount(messages.size(), kDeadline));
}

TEST_F(WorkerTest, DrainsAndExits) {
  auto broker = Broker();
  auto subscriber = Subscriber(*broker);
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  plane_.Publish(1, Messages(1, 200, 2));
  plane_.Drain();
  ASSERT_TRUE(Await([](const WorkerSays& says) { return says.ended; }));
  EXPECT_EQ(*plane_.process().Wait(kDeadline), 0);
  const WorkerSays says = plane_.Says();
  ASSERT_EQ(says.results.size(), 200u) << Transcript(plane_);
  const int sent = Count(says, wire::Result::SUCCEEDED);
  EXPECT_EQ(sent + Count(says, wire::Result::NOT_SENT), 200);
  EXPECT_TRUE(subscriber->WaitForCount(sent, kDeadline));
  EXPECT_THAT(broker->ReadLog(),
              HasSubstr("Client worker-under-test disconnected."));
}

TEST_F(WorkerTest, DrainsWithoutABroker) {
  plane_.Configure(Settings(FreePort()));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::BACKING_OFF)));
  plane_.Drain();
  EXPECT_EQ(*plane_.process().Wait(kDeadline), 0);
}

TEST_F(WorkerTest, OnlyTheControlPlaneEndsIt) {
  auto broker = Broker();
  ASSERT_TRUE(ConnectTo(Settings(broker->port())));
  plane_.process().Signal(SIGINT);
  plane_.process().Signal(SIGTERM);
  plane_.Publish(1, Messages(1, 1, 1));
  ASSERT_TRUE(Await(HasResults(1)));
  EXPECT_TRUE(plane_.process().IsRunning());
}

TEST_F(WorkerTest, KeepsSecretsOutOfItsCommandLineAndEnvironment) {
  auto broker = Broker({.users = {{"tenant-a", "s3cret"}}});
  wire::Configure settings = Settings(broker->port());
  settings.set_username("tenant-a");
  settings.set_password("s3cret");
  ASSERT_TRUE(ConnectTo(settings));
  const std::string proc = absl::StrCat("/proc/", plane_.process().pid());
  const std::string arguments = ReadFile(proc + "/cmdline");
  EXPECT_THAT(arguments, HasSubstr("--fd"));
  EXPECT_THAT(arguments, Not(HasSubstr("s3cret")));
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root may read the environment of a process that "
                    "cannot be dumped";
  }
  const std::string environment = ReadFile(proc + "/environ");
  EXPECT_THAT(environment, HasSubstr("PATH="));
  EXPECT_THAT(environment, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace mqttpush
