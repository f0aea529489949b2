// What brokers refuse, and what an operator is then shown.
#include "absl/strings/str_cat.h"
#include "tests/e2e/awkward_events.h"
#include "tests/interop/interop_test.h"
#include "tests/interop/probe.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRefused[] = "tenants/acme/subscriptions/refused";
constexpr int kOthers = 20;

class RefusalTest : public InteropTest {
 protected:
  // The deliveries of a subscription, newest first, with their attempts.
  std::vector<v1::Delivery> DeliveriesOf(const std::string& subscription) {
    const TenantHistory history = HistoryOf();
    std::vector<v1::Delivery> deliveries;
    for (v1::Delivery delivery : history.deliveries) {
      if (delivery.subscription() != subscription) continue;
      const auto attempts = history.attempts.find(delivery.name());
      if (attempts != history.attempts.end()) {
        delivery.mutable_attempts()->Assign(attempts->second.begin(),
                                            attempts->second.end());
      }
      deliveries.push_back(std::move(delivery));
    }
    return deliveries;
  }

  // Waits until the only delivery of `subscription` fulfils `condition`.
  v1::Delivery Await(const std::string& subscription,
                     absl::FunctionRef<bool(const v1::Delivery&)> condition) {
    std::vector<v1::Delivery> found;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      found = DeliveriesOf(subscription);
      return found.size() == 1 && condition(found[0]);
    }));
    return found.empty() ? v1::Delivery() : found[0];
  }

  // The words of the last attempt, and how many there were.
  static std::string Shown(const v1::Delivery& delivery) {
    if (delivery.attempts().empty()) return "no attempt";
    const v1::Attempt& last = delivery.attempts(0);
    return absl::StrCat(v1::Delivery::State_Name(delivery.state()), ", ",
                        last.outcome() == v1::Attempt::SUCCEEDED
                            ? "SUCCEEDED"
                            : v1::Attempt::ErrorClass_Name(last.error_class()),
                        last.error_message().empty() ? "" : ": ",
                        last.error_message());
  }

  // How its attempts ended: as ", 2 x LINK_CUT, 1 x LINK_LOST".
  static std::string Ends(const v1::Delivery& delivery) {
    std::map<std::string, int> ends;
    for (const v1::Attempt& attempt : delivery.attempts()) {
      ++ends[attempt.outcome() == v1::Attempt::SUCCEEDED
                 ? "SUCCEEDED"
                 : v1::Attempt::ErrorClass_Name(attempt.error_class())];
    }
    std::string text;
    for (const auto& [end, count] : ends) {
      absl::StrAppend(&text, ", ", count, " x ", end);
    }
    return text;
  }

  void ExpectOthersFlow() {
    WaitUntilDelivered();
    EXPECT_TRUE(customer_->WaitForCount(kOthers, kPatience));
  }

  // The broker acknowledges the message to kRefused that it hands to nobody.
  void ExpectSilentDrop() {
    WaitUntilDelivered(kRefused);
    const v1::Delivery delivery = DeliveriesOf(kRefused)[0];
    Fact(absl::StrCat("QoS ", GetParam().qos, ", forbidden topic; shown: ",
                      Shown(delivery), Ends(delivery)));
    ExpectOthersFlow();
  }

  // The broker closes the connection whenever it gets the only delivery of
  // `subscription`: it is set aside for that, and shown so.
  void ExpectCuts(const std::string& subscription, const std::string& what) {
    const v1::Delivery delivery =
        Await(subscription, [&](const v1::Delivery& delivery) {
          return delivery.state() == v1::Delivery::PARKED;
        });
    Fact(absl::StrCat(
        "QoS ", GetParam().qos, ", ", what, " closes the connection; shown: ",
        v1::Delivery::State_Name(delivery.state()), Ends(delivery)));
    EXPECT_THAT(Ends(delivery), Not(HasSubstr("SUCCEEDED")));
    EXPECT_THAT(Ends(delivery), HasSubstr("LINK_CUT"));
  }
};

class PasswordTest : public RefusalTest {};

INSTANTIATE_TEST_SUITE_P(Interop, PasswordTest,
                         ::testing::ValuesIn(Supported(0, 0)),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(PasswordTest, IsWrong) {
  StartService();
  ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
  v1::Broker proto = BrokerProto(broker().port());
  proto.mutable_username_password()->set_password("wrong");
  ASSERT_OK(admin().CreateBroker(kBroker, proto));
  const v1::Link link = WaitForLink(v1::Link::REFUSED);
  Fact(absl::StrCat("wrong password; shown: REFUSED, ", link.last_error()));
  EXPECT_EQ(link.last_error(),
            mqtt_5() ? traits().bad_password_5 : traits().bad_password_3);
}

// What the worker asks before it calls again with QoS 2 past PUBREC.
TEST_P(PasswordTest, AClientWithoutIdAndLoginIsAnswered) {
  Probe probe(broker().port(), GetParam().version);
  const std::optional<int> code = probe.ConnectAsNobody();
  EXPECT_TRUE(code.has_value());
  Fact(absl::StrCat(
      "without client id and login: ",
      code.has_value() ? absl::StrCat("CONNACK ", *code) : "no answer"));
}

INSTANTIATE_TEST_SUITE_P(Interop, RefusalTest,
                         ::testing::ValuesIn(Supported(1, 2)),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(RefusalTest, ForbiddenTopic) {
  StartPushing(broker().port(), {{"MQTTPUSH_MAX_ATTEMPTS", "2"}});
  Add(kSubscription, topic(), "object_types: [LOCATION]");
  Add(kRefused, "forbidden/" + prefix_, "object_types: [ASSET]");
  auto spy = SubscribeTo("forbidden/" + prefix_, prefix_ + "-spy");
  WaitForLink(v1::Link::CONNECTED);
  std::vector<v1::Event> events = {AwkwardEvents(kOwner)[0]};
  for (int i = 0; i < kOthers; ++i) {
    events.push_back(LocationEvent(absl::StrCat("event-", i), kOwner, i));
  }
  Publish(events);
  switch (mqtt_5() ? traits().forbidden_5 : traits().forbidden_3) {
    case Refusal::kReasonCodeAndDisconnect:
    case Refusal::kReasonCode: {
      ExpectOthersFlow();
      // It is tried a second time, and then parked.
      const v1::Delivery refused =
          Await(kRefused, [](const v1::Delivery& delivery) {
            return delivery.has_complete_time();
          });
      const v1::Link link = admin().GetBroker(kBroker)->link();
      Fact(absl::StrCat("QoS ", GetParam().qos, ", forbidden topic; shown: ",
                        Shown(refused), Ends(refused),
                        "; the link then: ", v1::Link::State_Name(link.state()),
                        ", ", link.last_error()));
      EXPECT_EQ(refused.state(), v1::Delivery::PARKED) << refused.DebugString();
      for (const v1::Attempt& attempt : refused.attempts()) {
        EXPECT_EQ(attempt.error_class(), v1::Attempt::REJECTED);
        EXPECT_EQ(attempt.reason_code(), 0x87);
      }
      break;
    }
    case Refusal::kSilentDrop:
    case Refusal::kSilentDropAndClose:
      ExpectSilentDrop();
      break;
    default:
      if (GetParam().qos == 2 && traits().takes_refused_qos_2) {
        ExpectSilentDrop();
        break;
      }
      ExpectCuts(kRefused, "forbidden topic");
      ExpectOthersFlow();
  }
  EXPECT_EQ(spy->count(), 0u);
}

class NoQos2Test : public RefusalTest {};

INSTANTIATE_TEST_SUITE_P(Interop, NoQos2Test,
                         ::testing::ValuesIn(WithoutQos2()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(NoQos2Test, IsShown) {
  StartPushing(broker().port(), {{"MQTTPUSH_MAX_ATTEMPTS", "2"}});
  Add(kSubscription, topic());
  WaitForLink(v1::Link::CONNECTED);
  Publish({LocationEvent("event", kOwner, 1)});
  if (traits().qos_2 == Refusal::kClose) {
    return ExpectCuts(kSubscription, "any topic");
  }
  ASSERT_EQ(traits().qos_2, Refusal::kAsQos1);
  WaitUntilDelivered();
  EXPECT_TRUE(customer_->WaitForCount(1, kPatience));
  const v1::Delivery delivery = DeliveriesOf(kSubscription)[0];
  const std::string warning = delivery.attempts(0).warning();
  Fact(absl::StrCat("QoS 2 answered with PUBACK; shown: ", Shown(delivery),
                    ", warning: ", warning.empty() ? "none" : warning));
  EXPECT_FALSE(warning.empty());
}

class NoMqtt5Test : public InteropTest {};

INSTANTIATE_TEST_SUITE_P(Interop, NoMqtt5Test,
                         ::testing::ValuesIn(WithoutMqtt5()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(NoMqtt5Test, IsShown) {
  StartPushing(broker().port());
  v1::Link link;
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    link = admin().GetBroker(kBroker)->link();
    return !link.last_error().empty() && link.has_next_connect_time();
  }));
  Fact(absl::StrCat("no MQTT 5; shown: ", v1::Link::State_Name(link.state()),
                    ", ", link.last_error()));
  EXPECT_EQ(link.last_error(), traits().no_mqtt_5);
}

}  // namespace
}  // namespace mqttpush
