// What a broker says of its limits, and what it remembers: asked of it without
// the product, because the product's promises rest on it.
#include "tests/interop/probe.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/interop/interop_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

constexpr int kPubrec = 5;
constexpr int kPubcomp = 7;

class ProbeTest : public InteropTest {
 protected:
  // Connects with the session of this test.
  std::unique_ptr<Probe> Connect(bool* session_present) {
    auto probe = std::make_unique<Probe>(broker().port(), GetParam().version);
    const auto connack = probe->Connect(prefix_ + "-probe");
    EXPECT_TRUE(connack && connack->code == 0);
    *session_present = connack && connack->session_present;
    return probe;
  }
};

class Qos2ProbeTest : public ProbeTest {
 protected:
  // Publishes, does not take note of PUBREC, lets something happen, publishes
  // again with DUP; returns how often the customer got it.
  size_t CopiesOfARepeated(absl::FunctionRef<void()> happen, bool* present) {
    auto probe = Connect(present);
    probe->Publish(topic(), "once", 7, /*duplicate=*/false);
    EXPECT_TRUE(probe->Await(kPubrec));
    happen();
    probe = Connect(present);
    probe->Publish(topic(), "once", 7, /*duplicate=*/true);
    EXPECT_TRUE(probe->Await(kPubrec));
    probe->Release(7);
    EXPECT_TRUE(probe->Await(kPubcomp));
    PublishLast(*probe);
    // Some send a second copy later.
    if (!traits().remembers_qos_2_over_restart) {
      WaitUntil(absl::Seconds(5), [&] { return earlier_ + Got("once") > 1; });
    }
    return earlier_ + Got("once");
  }
  // In place of one whose session the broker lost.
  void NewCustomer() {
    earlier_ = customer_->count();
    customer_ = SubscribeTo(prefix_ + "/#", prefix_ + "-customer-2");
    ASSERT_NE(customer_, nullptr);
  }
  size_t earlier_ = 0;  // messages of the customer before

  size_t Got(const std::string& payload) const {
    const auto messages = customer_->messages();
    return static_cast<size_t>(std::count_if(
        messages.begin(), messages.end(), [&](const ReceivedMessage& message) {
          return message.payload == payload;
        }));
  }

  // A last message, and waits for it: on most brokers nothing more of earlier
  // ones comes.
  void PublishLast(Probe& probe, uint16_t packet_id = 8) {
    probe.Publish(topic(), "last", packet_id, /*duplicate=*/false);
    ASSERT_TRUE(probe.Await(kPubrec));
    probe.Release(packet_id);
    ASSERT_TRUE(WaitUntil(kPatience, [&] { return Got("last") > 0; }));
  }
};

INSTANTIATE_TEST_SUITE_P(Interop, ProbeTest,
                         ::testing::ValuesIn(Supported(0, 0)),
                         [](const auto& info) { return NameOf(info.param); });
INSTANTIATE_TEST_SUITE_P(Interop, Qos2ProbeTest,
                         ::testing::ValuesIn(Supported(2, 2)),
                         [](const auto& info) { return NameOf(info.param); });

int ValueOf(const Properties& properties, int property) {
  const auto found = properties.find(property);
  return found == properties.end() ? -1 : static_cast<int>(found->second);
}

TEST_P(ProbeTest, Connack) {
  Probe probe(broker().port(), GetParam().version);
  const auto connack = probe.Connect(prefix_ + "-probe");
  ASSERT_TRUE(connack);
  EXPECT_EQ(connack->code, 0);
  const Properties& found = connack->properties;
  std::string text;
  for (const auto& [property, value] : found) {
    absl::StrAppend(&text, " 0x", absl::Hex(property), "=", value);
  }
  Fact(absl::StrCat("CONNACK properties:", text.empty() ? " none" : text));
  if (!mqtt_5()) return;
  const ConnackLimits& want = traits().connack;
  EXPECT_EQ(ValueOf(found, kReceiveMaximum), want.receive_maximum);
  EXPECT_EQ(ValueOf(found, kMaximumQos), want.maximum_qos);
  EXPECT_EQ(ValueOf(found, kRetainAvailable), want.retain_available);
  EXPECT_EQ(ValueOf(found, kMaximumPacketSize), want.maximum_packet_size);
}

TEST_P(ProbeTest, SessionWithoutSubscriptions) {
  bool present = true;
  Connect(&present);
  EXPECT_FALSE(present);
  Connect(&present);
  EXPECT_EQ(present, traits().keeps_sessions);
  const bool over_reconnect = present;
  ASSERT_OK(broker().Stop());
  ASSERT_OK(broker().Start());
  Connect(&present);
  EXPECT_EQ(present, traits().keeps_sessions_over_restart);
  Fact(absl::StrCat("session of a publisher kept over a reconnect: ",
                    over_reconnect ? "yes" : "no",
                    ", over a restart: ", present ? "yes" : "no"));
}

// PUBLISH, a lost connection, the same PUBLISH again with DUP, PUBREL: the
// customer must get it once.
// A session with a message half way.
TEST_P(Qos2ProbeTest, RestartHalfWay) {
  bool present = false;
  auto probe = Connect(&present);
  probe->Publish(topic(), "once", 7, /*duplicate=*/false);
  ASSERT_TRUE(probe->Await(kPubrec));
  ASSERT_OK(broker().Stop());
  ASSERT_OK(broker().Start());
  probe = Connect(&present);
  probe->Release(7);
  const bool goes_on = probe->Await(kPubcomp);
  Fact(absl::StrCat("QoS 2 goes on with PUBREL after a restart: ",
                    goes_on ? "yes" : "no"));
  EXPECT_EQ(goes_on, traits().resumes_qos_2_after_restart);
}

TEST_P(Qos2ProbeTest, RemembersOverAReconnect) {
  bool present = false;
  const size_t copies = CopiesOfARepeated([] {}, &present);
  EXPECT_EQ(present, traits().says_qos_2_session);
  Fact(
      absl::StrCat("a QoS 2 message repeated after a reconnect reached the "
                   "customer ",
                   copies, " times; session present ", present ? "1" : "0"));
  EXPECT_EQ(copies == 1, traits().remembers_qos_2);
}

TEST_P(Qos2ProbeTest, RemembersOverARestart) {
  bool present = false;
  const size_t copies = CopiesOfARepeated(
      [this] {
        ASSERT_OK(broker().Stop());
        ASSERT_OK(broker().Start());
        if (!traits().keeps_messages_over_restart) NewCustomer();
        ASSERT_TRUE(customer_->WaitUntilSubscribed(kPatience));
      },
      &present);
  Fact(
      absl::StrCat("a QoS 2 message repeated after a restart reached the "
                   "customer ",
                   copies, " times; session present ", present ? "1" : "0"));
  EXPECT_EQ(copies == 1, traits().remembers_qos_2_over_restart);
}

// A session that the broker says it has not kept must not swallow new messages
// under the ids of old ones.
TEST_P(Qos2ProbeTest, NewMessageUnderTheIdOfAForgottenOne) {
  bool present = false;
  auto probe = Connect(&present);
  probe->Publish(topic(), "old", 7, /*duplicate=*/false);
  ASSERT_TRUE(probe->Await(kPubrec));
  probe = Connect(&present);
  if (present) return;  // then nobody uses the id anew
  probe->Publish(topic(), "new", 7, /*duplicate=*/false);
  ASSERT_TRUE(probe->Await(kPubrec));
  probe->Release(7);
  ASSERT_TRUE(probe->Await(kPubcomp));
  PublishLast(*probe);
  const bool came = Got("new") > 0;
  Fact(
      absl::StrCat("session present 0, and a new QoS 2 message under an old "
                   "packet id is ",
                   came ? "delivered" : "lost"));
  EXPECT_EQ(came, traits().forgets_ids);
}

// A message that the broker refuses by closing the connection, resent in the
// same session as MQTT asks for: does the broker then pretend to take it?
TEST_P(Qos2ProbeTest, RefusedMessageIsResent) {
  bool present = false;
  auto probe = Connect(&present);
  probe->Publish("forbidden/" + prefix_, "refused", 7, /*duplicate=*/false);
  if (mqtt_5()) return;  // a reason code says it
  EXPECT_EQ(probe->Await(kPubrec),
            traits().forbidden_3 == Refusal::kSilentDropAndClose);
  probe = Connect(&present);
  probe->Publish("forbidden/" + prefix_, "refused", 7, /*duplicate=*/true);
  const bool taken = probe->Await(kPubrec);
  Fact(absl::StrCat("QoS 2, a refused message that is resent is ",
                    taken ? "acknowledged, and dropped" : "refused again"));
  EXPECT_EQ(taken, traits().takes_refused_qos_2);
}

}  // namespace
}  // namespace mqttpush
