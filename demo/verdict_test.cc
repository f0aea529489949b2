// The demo must not say OK when something is wrong.
#include "demo/verdict.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::demo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two events of a tenant that went well.
class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    plan_.id = "acme";
    plan_.subscription.set_topic("{tenant}/{objectType}");
    plan_.subscription.set_qos(v1::AT_LEAST_ONCE);
    plan_.subscription.set_event_id_field("eventId");
    for (const char* id : {"e1", "e2"}) AddEvent(id);
  }

  void AddEvent(const std::string& id) {
    const std::string payload = absl::StrCat("{\"id\":\"", id, "\"}");
    accepted_.push_back({id, v1::ASSET, "o", "a", payload});
    received_.push_back(
        {"acme/asset",
         absl::StrCat("{\"id\":\"", id, "\",\"eventId\":\"", id, "\"}")});
    v1::Delivery delivery;
    delivery.set_name(absl::StrCat("tenants/acme/deliveries/", id));
    delivery.set_event_id(id);
    delivery.set_state(v1::Delivery::DELIVERED);
    delivery.set_topic("acme/asset");
    delivery.set_qos(v1::AT_LEAST_ONCE);
    delivery.set_attempt_count(1);
    delivery.mutable_accept_time()->set_seconds(100);
    history_.deliveries.push_back(delivery);
    v1::Attempt attempt;
    attempt.set_outcome(v1::Attempt::SUCCEEDED);
    attempt.mutable_start_time()->set_seconds(100);
    attempt.mutable_duration()->set_nanos(5'000'000);
    history_.attempts[delivery.name()] = {attempt};
  }

  Verdict Judge() const {
    return demo::Judge(plan_, accepted_, received_, history_);
  }

  TenantPlan plan_;
  std::vector<FleetEvent> accepted_;
  std::vector<Message> received_;
  TenantHistory history_;
};

TEST_F(VerdictTest, AllIsWell) {
  const Verdict verdict = Judge();
  EXPECT_THAT(verdict.differences, IsEmpty());
  EXPECT_EQ(verdict.accepted, 2u);
  EXPECT_EQ(verdict.delivered, 2u);
  EXPECT_EQ(verdict.bytes_equal, 2u);
  EXPECT_EQ(verdict.attempts, 2u);
  EXPECT_EQ(verdict.p99, absl::Milliseconds(5));
}

TEST_F(VerdictTest, OneByteDiffers) {
  received_[1].payload[2] = 'I';
  const Verdict verdict = Judge();
  EXPECT_THAT(verdict.differences, ElementsAre(HasSubstr("did not arrive")));
  EXPECT_EQ(verdict.bytes_equal, 1u);
}

TEST_F(VerdictTest, AMessageIsMissing) {
  received_.pop_back();
  EXPECT_THAT(Judge().differences, ElementsAre(HasSubstr("did not arrive")));
}

TEST_F(VerdictTest, AMessageCameTwice) {
  received_.push_back(received_.front());
  EXPECT_THAT(Judge().differences, ElementsAre(HasSubstr("1 messages more")));
}

TEST_F(VerdictTest, AStrangersMessage) {
  received_.push_back({"acme/other", "{}"});
  EXPECT_THAT(Judge().differences, ElementsAre(HasSubstr("acme/other")));
}

TEST_F(VerdictTest, TheOrderIsWrong) {
  std::swap(received_[0], received_[1]);
  EXPECT_THAT(Judge().differences, ElementsAre(HasSubstr("order")));
}

TEST_F(VerdictTest, TheHistoryDisagrees) {
  history_.deliveries[0].set_state(v1::Delivery::WAITING);
  history_.deliveries[1].set_attempt_count(2);
  EXPECT_THAT(Judge().differences,
              ElementsAre(HasSubstr("is WAITING"),
                          HasSubstr("counts 2 attempts, but 1")));
}

TEST_F(VerdictTest, ADeliveryIsNotInTheHistory) {
  history_.deliveries.pop_back();
  EXPECT_THAT(Judge().differences,
              ElementsAre(HasSubstr("lists 1 deliveries"),
                          HasSubstr("no history of event e2")));
}

}  // namespace
}  // namespace mqttpush::demo
