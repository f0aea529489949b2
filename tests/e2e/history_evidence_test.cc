// What support staff read about a message: every field of the evidence, as a
// real broker made it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

// The times of one attempt, in their order; those that are absent left out.
std::vector<absl::Time> TimesOf(const v1::Attempt& attempt) {
  std::vector<absl::Time> times = {TimeOf(attempt.start_time())};
  if (attempt.has_pubrec_time()) times.push_back(TimeOf(attempt.pubrec_time()));
  if (attempt.has_ack_time()) times.push_back(TimeOf(attempt.ack_time()));
  times.push_back(TimeOf(attempt.start_time()) +
                  DurationOf(attempt.duration()));
  return times;
}

class HistoryEvidenceTest : public E2eTest {
 protected:
  // One event at `qos` through kBroker over `version`, to the topic "events".
  void PushOne(v1::Broker::ProtocolVersion version, v1::Qos qos,
               const std::string& broker_config = "") {
    StartService();
    mosquitto_ = StartMosquitto({.more_config = broker_config});
    ASSERT_NE(mosquitto_, nullptr);
    customer_ = Subscribe(*mosquitto_);
    ASSERT_NE(customer_, nullptr);
    ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
    v1::Broker broker = BrokerAt(*mosquitto_);
    broker.set_protocol_version(version);
    ASSERT_OK(admin().CreateBroker(kBroker, broker));
    v1::Subscription subscription;
    subscription.set_broker(kBroker);
    subscription.set_topic("events");
    subscription.set_qos(qos);
    ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
    link_ = WaitForLink(v1::Link::CONNECTED);
    Publish({LocationEvent("evt-1", kOwner, 1)});
  }
  // The only delivery, once it is in `state`.
  v1::Delivery WaitForDelivery(v1::Delivery::State state) {
    v1::Delivery delivery;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      const TenantHistory history = HistoryOf();
      if (history.deliveries.size() != 1) return false;
      auto read =
          ReadDelivery(history.deliveries[0].name(), service_->history());
      if (read.ok()) delivery = *std::move(read);
      return delivery.state() == state;
    })) << delivery.DebugString();
    return delivery;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  v1::Link link_;
};

struct Case {
  v1::Broker::ProtocolVersion version;
  v1::Qos qos;
};

class EvidenceMatrixTest : public HistoryEvidenceTest,
                           public ::testing::WithParamInterface<Case> {};

TEST_P(EvidenceMatrixTest, ASuccessShowsWhatHappened) {
  const v1::Qos qos = GetParam().qos;
  PushOne(GetParam().version, qos);
  const v1::Delivery delivery = WaitForDelivery(v1::Delivery::DELIVERED);
  EXPECT_EQ(delivery.state_reason(), "");
  ASSERT_EQ(delivery.attempts_size(), 1);
  const v1::Attempt& attempt = delivery.attempts(0);
  EXPECT_EQ(attempt.name(), absl::StrCat(delivery.name(), "/attempts/1"));
  EXPECT_EQ(attempt.outcome(), v1::Attempt::SUCCEEDED);
  EXPECT_EQ(attempt.error_class(), v1::Attempt::ERROR_CLASS_UNSPECIFIED);
  EXPECT_EQ(attempt.topic(), "events");
  EXPECT_EQ(attempt.qos(), qos);
  EXPECT_EQ(attempt.packet_id() != 0, qos != v1::AT_MOST_ONCE);
  EXPECT_FALSE(attempt.duplicate_flag());
  EXPECT_EQ(attempt.broker_address(),
            absl::StrCat(mosquitto_->host(), ":", mosquitto_->port()));
  EXPECT_EQ(attempt.subscription_revision(), 1);
  EXPECT_EQ(attempt.broker_revision(), 1);
  EXPECT_EQ(attempt.subscription(), kSubscription);
  EXPECT_EQ(attempt.event_id(), "evt-1");
  EXPECT_EQ(attempt.object_type(), v1::LOCATION);
  EXPECT_EQ(attempt.reason(), "");
  EXPECT_EQ(attempt.reason_string(), "");
  EXPECT_EQ(attempt.warning(), "");
  EXPECT_EQ(attempt.hint(), "");
  EXPECT_GE(attempt.connection(), 0);
  EXPECT_TRUE(qos == v1::EXACTLY_ONCE || !attempt.has_pubrec_time());
  EXPECT_TRUE(qos != v1::AT_MOST_ONCE || !attempt.has_ack_time());

  const std::vector<absl::Time> times = TimesOf(attempt);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()))
      << attempt.DebugString();
  EXPECT_EQ(TimeOf(delivery.complete_time()), times.back());
  EXPECT_LE(TimeOf(delivery.accept_time()), times.front());
}

INSTANTIATE_TEST_SUITE_P(
    VersionsAndQos, EvidenceMatrixTest,
    ::testing::Values(Case{v1::Broker::MQTT_3_1_1, v1::AT_MOST_ONCE},
                      Case{v1::Broker::MQTT_3_1_1, v1::AT_LEAST_ONCE},
                      Case{v1::Broker::MQTT_3_1_1, v1::EXACTLY_ONCE},
                      Case{v1::Broker::MQTT_5, v1::AT_MOST_ONCE},
                      Case{v1::Broker::MQTT_5, v1::AT_LEAST_ONCE},
                      Case{v1::Broker::MQTT_5, v1::EXACTLY_ONCE}),
    [](const auto& info) {
      return absl::StrCat(
          info.param.version == v1::Broker::MQTT_5 ? "Mqtt5" : "Mqtt311", "Qos",
          info.param.qos - v1::AT_MOST_ONCE);
    });

// A customer who forgot to allow us the topic. (With max_queued_messages 0, as
// our tests have it otherwise, mosquitto 2.0.11 ends the connection as well.)
TEST_F(HistoryEvidenceTest, ARefusalShowsItsReasonAndWhatToDo) {
  WriteFile(temp_dir_.File("acl"), "topic read #\n");
  PushOne(v1::Broker::MQTT_5, v1::AT_LEAST_ONCE,
          absl::StrCat("acl_file ", temp_dir_.File("acl"),
                       "\nmax_queued_messages 1000\n"));
  const v1::Delivery delivery = WaitForDelivery(v1::Delivery::RETRYING);
  EXPECT_GT(TimeOf(delivery.next_attempt_time()),
            TimeOf(delivery.accept_time()));
  EXPECT_FALSE(delivery.has_complete_time());
  ASSERT_GE(delivery.attempts_size(), 1);
  const v1::Attempt& attempt = delivery.attempts(0);
  EXPECT_EQ(attempt.outcome(), v1::Attempt::FAILED);
  EXPECT_EQ(attempt.error_class(), v1::Attempt::REJECTED);
  EXPECT_EQ(attempt.reason_code(), 0x87);
  EXPECT_EQ(attempt.reason(), "0x87 not authorized");
  EXPECT_THAT(attempt.hint(), HasSubstr("allow our user to publish"));
  EXPECT_THAT(attempt.error_message(), HasSubstr("not authorized"));
  // One refused message is no reason to leave.
  EXPECT_EQ(admin().GetBroker(kBroker)->link().state(), v1::Link::CONNECTED);
  EXPECT_EQ(admin().GetBroker(kBroker)->link().last_error(), "");
}

// What deleting by force drops is counted, and said.
TEST_F(HistoryEvidenceTest, ATenantDeletedByForceIsGoneWithAllItHad) {
  PushOne(v1::Broker::MQTT_3_1_1, v1::AT_LEAST_ONCE);
  WaitUntilDelivered();
  ASSERT_OK(admin().PauseSubscription(kSubscription));
  Publish({LocationEvent("evt-2", kOwner, 2), LocationEvent("evt-3", kOwner, 3),
           LocationEvent("evt-4", kOwner, 4)});

  v1::DeleteTenantRequest request;
  request.set_name(kTenant);
  const auto remove = [&] {
    grpc::ClientContext context;
    google::protobuf::Empty response;
    return service_->admin().DeleteTenant(&context, request, &response);
  };
  const grpc::Status refused = remove();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr(kBroker));
  EXPECT_THAT(refused.error_message(), HasSubstr(kSubscription));
  EXPECT_THAT(refused.error_message(), HasSubstr("3 undelivered events"));
  request.set_force(true);
  EXPECT_TRUE(remove().ok());
  EXPECT_THAT(service_->ReadLog(),
              HasSubstr(absl::StrCat("events_discarded subscription=",
                                     kSubscription, " count=3")));
  Publish({LocationEvent("evt-5", kOwner, 5)},
          v1::EventResult::NO_SUBSCRIPTION);
  EXPECT_EQ(admin().GetBroker(kBroker).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(customer_->messages().size(), 1u);
}

}  // namespace
}  // namespace mqttpush
