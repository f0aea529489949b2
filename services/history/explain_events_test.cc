// What ExplainDelivery says of events that became no delivery, and how it finds
// those that are asked about.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/history/explain_delivery_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using v1::Explanation;

TEST_F(ExplainDeliveryTest, NeverReceived) {
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::NEVER_RECEIVED);
  EXPECT_THAT(found.text(),
              StartsWith("It was never received: nothing of event id \"a\""));
  EXPECT_THAT(found.hint(), HasSubstr("Ask the producer"));
  EXPECT_FALSE(found.has_receive_time());
}

// Of more refusals than are remembered the first may have been the one.
TEST_F(ExplainDeliveryTest, WhatWasForgottenIsNotCalledNeverReceived) {
  Publish("first", "{", v1::EventResult::REJECTED);
  const absl::Time before = clock_.Now();
  for (size_t i = 0; i < RefusedEvents::kMaxPerTenant; ++i) {
    refused_.Remember({{.time = clock_.Now()}});
  }
  const Explanation found = TheOne("first");
  EXPECT_EQ(found.reason(), Explanation::NOT_KNOWN);
  EXPECT_THAT(found.text(),
              StartsWith("Nothing is known here of event id \"first\". It is "
                         "not in the log. It is not among the refused events "
                         "either, which are remembered since "));
  EXPECT_THAT(found.hint(), HasSubstr("Ask the producer"));
  EXPECT_GE(ExplainEvent("first").refused_events().complete_start_time(),
            google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
                absl::ToUnixMicros(before) - 1'000'000));
  // Of what came later all is known.
  v1::ExplainDeliveryRequest later;
  later.set_asset_id("asset-1");
  *later.mutable_time() = google::protobuf::util::TimeUtil::SecondsToTimestamp(
      absl::ToUnixSeconds(clock_.Now()) + 600);
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(later, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("NEVER_RECEIVED"));
}

TEST_F(ExplainDeliveryTest, Rejected) {
  Publish("a", Location(1, "owner-1", "\"far\""), v1::EventResult::REJECTED);
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::REJECTED);
  EXPECT_THAT(found.text(), HasSubstr("payload.latitude must"));
  ASSERT_EQ(found.violations_size(), 1);
  EXPECT_EQ(found.violations(0).field(), "payload.latitude");
  EXPECT_EQ(found.object_type(), v1::LOCATION);
  EXPECT_EQ(found.object_id(), "1");
  EXPECT_EQ(found.asset_id(), "asset-1");
  EXPECT_TRUE(found.has_receive_time());
  EXPECT_EQ(ExplainEvent("a").refused_events().rejected_count(), 1);
}

TEST_F(ExplainDeliveryTest, RejectedForMoreThanAreRemembered) {
  Publish("a", R"({"ownerId":"owner-1"})", v1::EventResult::REJECTED);
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.violations_size(), 3);
  EXPECT_EQ(found.further_violation_count(), 2);
  EXPECT_THAT(found.text(), HasSubstr("; and 2 more."));
}

// What is no JSON has no owner: whoever knows its event id may ask.
TEST_F(ExplainDeliveryTest, RejectedAndNobodyKnowsWhose) {
  Publish("a", "{", v1::EventResult::REJECTED);
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::REJECTED);
  EXPECT_THAT(found.text(), HasSubstr("must be well-formed JSON"));
  EXPECT_EQ(ExplainEvent("a").refused_events().unknown_owner_count(), 1);
}

TEST_F(ExplainDeliveryTest, NoTenantOwnsTheOwnerId) {
  Publish("a", Location(1, "stranger"), v1::EventResult::NO_SUBSCRIPTION);
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::NO_TENANT);
  EXPECT_THAT(found.text(), HasSubstr("owned the owner id \"stranger\""));
  EXPECT_EQ(found.owner_id(), "stranger");
}

TEST_F(ExplainDeliveryTest, NoSubscriptionTakesTheType) {
  SubscriptionRecord assets_only = places_;
  assets_only.object_types = {ObjectType::kAsset};
  Put(assets_only);
  Publish("b", Location(1), v1::EventResult::NO_SUBSCRIPTION);
  const Explanation found = TheOne("b");
  EXPECT_EQ(found.reason(), Explanation::NO_SUBSCRIPTION);
  EXPECT_THAT(found.text(), HasSubstr("no subscription took LOCATION objects"));
  EXPECT_EQ(ExplainEvent("b").refused_events().no_subscription_count(), 1);
}

TEST_F(ExplainDeliveryTest, DuplicateIsToldWithTheFirst) {
  Publish("a", Location(1));
  Publish("a", Location(1), v1::EventResult::DUPLICATE);
  EXPECT_THAT(ReasonsOf(ExplainEvent("a")),
              ElementsAre("WAITING_FOR_TURN", "DUPLICATE"));
  v1::ExplainDeliveryRequest by_object;
  by_object.set_object_id("1");
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(by_object, response).ok());
  EXPECT_THAT(ReasonsOf(response),
              ElementsAre("WAITING_FOR_TURN", "DUPLICATE"));
  EXPECT_EQ(response.refused_events().duplicate_count(), 1);
}

TEST_F(ExplainDeliveryTest, OverTheQuota) {
  LimitWaiting(1);
  Publish("a", Location(1));
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  const Explanation found = TheOne("b");
  EXPECT_EQ(found.reason(), Explanation::OVER_QUOTA);
  EXPECT_THAT(found.text(),
              HasSubstr("refused, because it was over the tenant's quota: its "
                        "outbox is full: 1 of 1 (max_waiting_events)"));
  EXPECT_EQ(found.object_id(), "2");
  EXPECT_THAT(found.hint(), HasSubstr("sends it again later"));
  EXPECT_EQ(found.refusal_count(), 1);
  EXPECT_EQ(ExplainEvent("b").refused_events().over_quota_count(), 1);
}

TEST_F(ExplainDeliveryTest, OverTheQuotaAgainIsToldOnceWithHowOften) {
  LimitWaiting(1);
  Publish("a", Location(1));
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  const Explanation found = TheOne("b");
  EXPECT_EQ(found.refusal_count(), 2);
  EXPECT_THAT(found.text(), HasSubstr("; so it was 2 times, first at "));
  EXPECT_EQ(ExplainEvent("b").refused_events().over_quota_count(), 2);
}

TEST_F(ExplainDeliveryTest, OverTheQuotaAtFirstAndThenDelivered) {
  LimitWaiting(1);
  Publish("a", Location(1));
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  Commit({.cursor = 1, .attempts = {Attempt(1, true)}, .newly_delivered = 1});
  Publish("b", Location(2));
  Commit({.cursor = 2, .attempts = {Attempt(2, true)}, .newly_delivered = 1});
  EXPECT_EQ(TheOne("b").reason(), Explanation::DELIVERED);
  v1::ExplainDeliveryRequest by_object;
  by_object.set_object_id("2");
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(by_object, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("DELIVERED"));
  EXPECT_FALSE(response.truncated());
}

TEST_F(ExplainDeliveryTest, AcceptedAmongMoreThanAreToldIsNotOverTheQuota) {
  LimitWaiting(1);
  Publish("a", Location(7));
  Publish("b", Location(7), v1::EventResult::OVER_QUOTA);
  Publish("lost", Location(7), v1::EventResult::OVER_QUOTA);
  LimitWaiting(1000);
  Publish("b", Location(7));
  for (int i = 0; i < 100; ++i) Publish(absl::StrCat("e", i), Location(7));
  v1::ExplainDeliveryRequest by_object;
  by_object.set_object_id("7");
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(by_object, response).ok());
  ASSERT_EQ(response.explanations_size(), 101);
  EXPECT_EQ(response.explanations(100).reason(), Explanation::OVER_QUOTA);
  EXPECT_EQ(response.explanations(100).event_id(), "lost");
}

TEST_F(ExplainDeliveryTest, OverTheQuotaInTheTimeThatIsAskedAbout) {
  LimitWaiting(1);
  Publish("a", Location(1));
  clock_.Advance(absl::Minutes(20));
  Publish("b", Location(2), v1::EventResult::OVER_QUOTA);
  v1::ExplainDeliveryRequest about_then;
  about_then.set_asset_id("asset-1");
  about_then.mutable_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  clock_.Advance(absl::Minutes(20));
  LimitWaiting(2);
  Publish("b", Location(2));
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(about_then, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("OVER_QUOTA"));
}

TEST_F(ExplainDeliveryTest, FindsByObjectAndByAssetAboutATime) {
  Publish("a", Location(1));
  Publish("b", Location(2));
  Publish("c", Location(2, "owner-1", "\"far\""), v1::EventResult::REJECTED);
  v1::ExplainDeliveryRequest request;
  request.set_object_id("2");
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(request, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("WAITING_FOR_TURN", "REJECTED"));
  EXPECT_EQ(response.explanations(0).event_id(), "b");
  EXPECT_FALSE(response.search_limited());
  request.set_asset_id("asset-2");
  ASSERT_TRUE(Explain(request, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("NEVER_RECEIVED"));

  request.clear_object_id();
  request.set_asset_id("asset-1");
  *request.mutable_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  ASSERT_TRUE(Explain(request, response).ok());
  EXPECT_THAT(ReasonsOf(response),
              ElementsAre("WAITING_FOR_TURN", "WAITING_FOR_TURN", "REJECTED"));
  EXPECT_EQ(response.explanations(0).event_id(), "b");  // the newest
  request.mutable_time()->set_seconds(request.time().seconds() - 3600);
  ASSERT_TRUE(Explain(request, response).ok());
  EXPECT_THAT(ReasonsOf(response), ElementsAre("NEVER_RECEIVED"));
  EXPECT_THAT(response.explanations(0).text(),
              HasSubstr("asset id \"asset-1\" between "));
}

TEST_F(ExplainDeliveryTest, ATenantIsToldOfItsOwn) {
  TenantRecord other;
  other.id = "other";
  other.owner_ids = {"owner-2"};
  Put(other);
  Publish("a", Location(1));
  Publish("b", Location(1, "owner-1", "\"far\""), v1::EventResult::REJECTED);
  for (const char* event_id : {"a", "b"}) {
    v1::ExplainDeliveryRequest request;
    request.set_parent("tenants/other");
    request.set_event_id(event_id);
    v1::ExplainDeliveryResponse response;
    ASSERT_TRUE(Explain(request, response).ok());
    EXPECT_THAT(ReasonsOf(response), ElementsAre("NEVER_RECEIVED"));
    EXPECT_EQ(response.refused_events().rejected_count(), 0);
  }
}

TEST_F(ExplainDeliveryTest, TellsAHundredAndThatThereAreMore) {
  for (int i = 0; i < 102; ++i) {
    Publish(absl::StrCat("e", i), Location(7));
  }
  v1::ExplainDeliveryRequest request;
  request.set_object_id("7");
  v1::ExplainDeliveryResponse response;
  ASSERT_TRUE(Explain(request, response).ok());
  EXPECT_EQ(response.explanations_size(), 100);
  EXPECT_TRUE(response.truncated());
  EXPECT_EQ(response.explanations(0).event_id(), "e101");
}

TEST_F(ExplainDeliveryTest, NamesWhatIsWrongWithTheQuestion) {
  struct Case {
    const char* event_id;
    const char* object_id;
    const char* asset_id;
    bool time;
    std::vector<std::string> fields;
  };
  const Case kCases[] = {
      {"", "", "", false, {"event_id"}},
      {"a", "b", "", false, {"object_id"}},
      {"a", "", "c", false, {"asset_id"}},
      {"a", "b", "c", true, {"object_id", "asset_id", "time"}},
      {"", "", "c", false, {"time"}},
      {"a", "", "", true, {"time"}},
      {"", "b", "c", true, {"time"}},
  };
  for (const Case& c : kCases) {
    v1::ExplainDeliveryRequest request;
    request.set_event_id(c.event_id);
    request.set_object_id(c.object_id);
    request.set_asset_id(c.asset_id);
    if (c.time) request.mutable_time()->set_seconds(1);
    v1::ExplainDeliveryResponse response;
    EXPECT_EQ(ViolatedFields(Explain(request, response)), c.fields);
  }
  v1::ExplainDeliveryRequest request;
  request.set_asset_id("c");
  request.mutable_time()->set_nanos(-1);
  v1::ExplainDeliveryResponse response;
  EXPECT_THAT(ViolatedFields(Explain(request, response)), ElementsAre("time"));
  request.set_parent("tenants/nobody");
  EXPECT_EQ(Explain(request, response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace mqttpush
