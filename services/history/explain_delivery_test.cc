// What ExplainDelivery says of deliveries, each answer in the situation that it
// is about.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/history/explain_delivery_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using v1::Explanation;

TEST_F(ExplainDeliveryTest, OtherSubscriptionsDidNotTakeIt) {
  Publish("a", Location(1));
  SubscriptionRecord assets = places_;
  assets.uid = 0;
  assets.id = "assets";
  assets.object_types = {ObjectType::kAsset};
  Put(assets);
  const v1::ExplainDeliveryResponse response = ExplainEvent("a");
  EXPECT_THAT(ReasonsOf(response),
              ElementsAre("WAITING_FOR_TURN", "NOT_TAKEN"));
  EXPECT_EQ(response.explanations(1).subscription(),
            "tenants/acme/subscriptions/assets");
  EXPECT_THAT(response.explanations(1).text(),
              HasSubstr("\"assets\" did not take it"));
}

TEST_F(ExplainDeliveryTest, WaitsForItsTurn) {
  for (const char* id : {"a", "b", "c"}) Publish(id, Location(1));
  EXPECT_EQ(TheOne("a").text(),
            "It is the next to be sent; the link is CONNECTED.");
  const Explanation found = TheOne("c");
  EXPECT_EQ(found.reason(), Explanation::WAITING_FOR_TURN);
  EXPECT_EQ(found.waiting_ahead_count(), 2);
  EXPECT_EQ(found.since_time().seconds(), 60);
  // One was delivered ahead of it.
  Commit({.attempts = {Attempt(2, true)}, .newly_delivered = 1});
  EXPECT_EQ(TheOne("c").waiting_ahead_count(), 1);
}

TEST_F(ExplainDeliveryTest, WaitsForTheLink) {
  Publish("a", Location(1));
  SetLink({.state = LinkState::kBackingOff,
           .last_error = "connection refused (192.0.2.1:1883)",
           .next_connect_time = absl::FromUnixSeconds(90)});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::WAITING_FOR_LINK);
  EXPECT_EQ(found.since_time().seconds(), 60);
  EXPECT_EQ(found.next_try_time().seconds(), 90);
  EXPECT_THAT(found.text(),
              HasSubstr("\"main\" is BACKING_OFF since 1970-01-01T00:01:00Z "
                        "(connection refused (192.0.2.1:1883)); next try at"));
}

TEST_F(ExplainDeliveryTest, WaitsInAPause) {
  Publish("a", Location(1));
  places_.paused = true;
  Put(places_);
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::WAITING_PAUSED);
  EXPECT_EQ(found.text(), "It waits because its subscription is paused.");
  EXPECT_EQ(found.broker(), "tenants/acme/brokers/main");
  EXPECT_THAT(found.hint(), HasSubstr("Resume its tenant or subscription"));
}

TEST_F(ExplainDeliveryTest, WaitsForABrokerThatOffersMore) {
  Publish("a", Location(1));
  status_.SetIncompatibility(places_.uid,
                             "QoS 2 is asked for, the broker offers 1");
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::WAITING_INCOMPATIBLE);
  EXPECT_EQ(found.text(),
            "It waits because QoS 2 is asked for, the broker offers 1.");
}

TEST_F(ExplainDeliveryTest, InFlight) {
  Publish("a", Location(1));
  status_.SetInFlight(places_.uid, {1}, absl::FromUnixSeconds(60));
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::IN_FLIGHT);
  EXPECT_EQ(found.since_time().seconds(), 60);
  EXPECT_THAT(found.text(), HasSubstr("has not answered yet"));
}

// Asked for by a person, after it had been delivered.
TEST_F(ExplainDeliveryTest, InFlightAgain) {
  Publish("a", Location(1));
  Commit({.cursor = 1,
          .attempts = {Attempt(1, true)},
          .put_exceptions = {{.event_seq = 1,
                              .attempt_count = 1,
                              .request_time = absl::FromUnixSeconds(130)}}});
  status_.SetInFlight(places_.uid, {1}, absl::FromUnixSeconds(140));
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::IN_FLIGHT);
  EXPECT_EQ(found.text(),
            "It was sent to the broker again at 1970-01-01T00:02:20Z, as a "
            "person asked for, and the broker has not answered yet; before it "
            "was sent again it was delivered at 1970-01-01T00:02:00Z.");
}

TEST_F(ExplainDeliveryTest, Retrying) {
  Publish("a", Location(1));
  Commit(
      {.cursor = 1,
       .attempts = {Attempt(1, false)},
       .put_exceptions = {{.event_seq = 1,
                           .attempt_count = 1,
                           .rejection_count = 1,
                           .next_attempt_time = absl::FromUnixSeconds(150)}}});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::RETRYING);
  EXPECT_EQ(found.next_try_time().seconds(), 150);
  EXPECT_EQ(found.text(),
            "It is to be tried again after 1 refusal; last: 0x97 quota "
            "exceeded; next try at 1970-01-01T00:02:30Z.");
  EXPECT_EQ(found.last_attempt().reason_code(), 0x97);
  EXPECT_THAT(found.hint(), HasSubstr("quota"));
}

TEST_F(ExplainDeliveryTest, Parked) {
  Publish("a", Location(1));
  Commit({.cursor = 1,
          .attempts = {Attempt(1, false)},
          .put_exceptions = {{.event_seq = 1,
                              .state = DeliveryState::kParked,
                              .end_time = absl::FromUnixSeconds(130),
                              .attempt_count = 1,
                              .rejection_count = 1}},
          .newly_parked = 1});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::PARKED);
  EXPECT_EQ(found.text(),
            "It was parked at 1970-01-01T00:02:10Z after 1 refusal; last: 0x97 "
            "quota exceeded.");
  EXPECT_THAT(found.hint(), HasSubstr("quota"));
  EXPECT_EQ(found.since_time().seconds(), 130);
  EXPECT_THAT(found.delivery(), StartsWith("tenants/acme/deliveries/1-"));
}

TEST_F(ExplainDeliveryTest, ParkedAlthoughItWasDeliveredOnce) {
  Publish("a", Location(1));
  AttemptRecord again = Attempt(1, false);
  again.number = 2;
  again.manual = true;
  Commit({.cursor = 1,
          .attempts = {Attempt(1, true), again},
          .put_exceptions = {{.event_seq = 1,
                              .state = DeliveryState::kParked,
                              .attempt_count = 2,
                              .rejection_count = 1}},
          .newly_parked = 1});
  EXPECT_THAT(TheOne("a").text(),
              HasSubstr("before it was sent again it was delivered at "
                        "1970-01-01T00:02:00Z"));
}

TEST_F(ExplainDeliveryTest, Expired) {
  Publish("a", Location(1));
  Commit({.cursor = 1,
          .put_exceptions = {{.event_seq = 1,
                              .state = DeliveryState::kExpired,
                              .ending = {EndReason::kLifetimeOver,
                                         absl::Seconds(60),
                                         WaitCause::kBackingOff},
                              .end_time = absl::FromUnixSeconds(130)}},
          .newly_expired = 1});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::EXPIRED);
  EXPECT_EQ(found.text(),
            "It expired at 1970-01-01T00:02:10Z: its lifetime of 1m passed "
            "while the link was BACKING_OFF.");
}

TEST_F(ExplainDeliveryTest, Discarded) {
  Publish("a", Location(1));
  Publish("b", Location(1));
  Commit({.cursor = 1,
          .put_exceptions = {{.event_seq = 1,
                              .state = DeliveryState::kDiscarded,
                              .ending = {EndReason::kSubscriptionDisabled}}},
          .newly_discarded = 1});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::DISCARDED);
  EXPECT_EQ(found.text(), "It was discarded: its subscription was disabled.");
  places_.disabled = true;
  Put(places_);
  EXPECT_EQ(TheOne("b").text(),
            "It was discarded: its subscription was disabled.");
  Apply({ConfigChange::DeleteSubscription{places_.uid}});
  EXPECT_EQ(TheOne("b").text(),
            "It was discarded: its subscription was deleted.");
}

TEST_F(ExplainDeliveryTest, Delivered) {
  Publish("a", Location(1));
  Commit({.cursor = 1, .attempts = {Attempt(1, true)}, .newly_delivered = 1});
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::DELIVERED);
  EXPECT_EQ(found.text(),
            "It was delivered at 1970-01-01T00:02:00Z to the topic \"t\": the "
            "broker acknowledged it with PUBACK (0x10 no matching "
            "subscribers).");
  EXPECT_THAT(found.hint(), HasSubstr("nobody is subscribed"));
  EXPECT_EQ(found.last_attempt().outcome(), v1::Attempt::SUCCEEDED);
}

}  // namespace
}  // namespace mqttpush
