// Lists and single deliveries: a real gRPC server, log and stub.
#include "services/history/history_service.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/history/history_service_fixture.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST_F(HistoryServiceTest, GetsADeliveryWithPayloadAndAttempts) {
  v1::Delivery delivery;
  ASSERT_TRUE(Get(Name(1), delivery).ok());
  EXPECT_EQ(delivery.name(), Name(1));
  EXPECT_EQ(delivery.payload(), "{\"id\":\"a\"}");
  EXPECT_EQ(delivery.state(), v1::Delivery::DELIVERED);
  EXPECT_EQ(delivery.subscription(), "tenants/acme/subscriptions/sub");
  EXPECT_EQ(delivery.object_type(), v1::LOCATION);
  EXPECT_EQ(delivery.qos(), v1::EXACTLY_ONCE);
  EXPECT_EQ(delivery.attempt_count(), 2);
  ASSERT_EQ(delivery.attempts_size(), 2);
  EXPECT_EQ(delivery.attempts(0).name(), Name(1) + "/attempts/1");
  EXPECT_EQ(delivery.attempts(0).outcome(), v1::Attempt::FAILED);
  EXPECT_EQ(delivery.attempts(0).error_class(), v1::Attempt::REJECTED);
  EXPECT_EQ(delivery.attempts(0).reason_code(), 0x97);
  EXPECT_EQ(delivery.attempts(0).reason(), "0x97 quota exceeded");
  EXPECT_EQ(delivery.attempts(0).reason_string(), "plan exhausted");
  EXPECT_NE(delivery.attempts(0).hint(), "");
  EXPECT_EQ(delivery.attempts(1).outcome(), v1::Attempt::SUCCEEDED);
  EXPECT_EQ(delivery.attempts(0).object_id(), "12345");
  EXPECT_EQ(delivery.attempts(0).asset_id(), "asset-1");
  EXPECT_EQ(delivery.attempts(0).owner_id(), "owner-1");
  EXPECT_EQ(delivery.attempts(0).payload_bytes(), 10);
  EXPECT_EQ(delivery.attempts(1).requested_qos(), v1::AT_LEAST_ONCE);
  EXPECT_EQ(delivery.attempts(1).connection(), 4);
  EXPECT_EQ(delivery.attempts(1).warning(), "it may arrive twice");
  EXPECT_EQ(delivery.attempts(1).hint(), "");
  EXPECT_EQ(delivery.attempts(1).pubrec_time().seconds(), 111);
  EXPECT_EQ(delivery.attempts(1).ack_time().seconds(), 112);
  EXPECT_EQ(TimeUtil::DurationToMilliseconds(delivery.attempts(1).duration()),
            250);
  EXPECT_EQ(TimeUtil::TimestampToMilliseconds(delivery.complete_time()),
            112250);
}

// Of a, b and c, which were delivered, parked, and still wait.
TEST_F(HistoryServiceTest, WhatHasEndedIsShownAsLongAsTheTenantsHistory) {
  TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
  tenant.history_retention = absl::Hours(2);
  Put(tenant);
  v1::ListDeliveriesRequest request;
  request.set_parent("tenants/acme");
  v1::ListDeliveriesResponse deliveries;
  ASSERT_TRUE(List(request, deliveries).ok());
  EXPECT_EQ(deliveries.deliveries_size(), 3);
  clock_.Advance(absl::Hours(3));
  ASSERT_TRUE(List(request, deliveries).ok());
  ASSERT_EQ(deliveries.deliveries_size(), 1);
  EXPECT_EQ(deliveries.deliveries(0).state(), v1::Delivery::WAITING);
  v1::ListAttemptsRequest attempts_request;
  attempts_request.set_parent("tenants/acme");
  v1::ListAttemptsResponse attempts;
  ASSERT_TRUE(List(attempts_request, attempts).ok());
  EXPECT_EQ(attempts.attempts_size(), 0);
  v1::Delivery delivery;
  EXPECT_EQ(Get(Name(1), delivery).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Get(Name(3), delivery).ok());
}

TEST_F(HistoryServiceTest, ListsByState) {
  v1::ListDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.add_states(v1::Delivery::PARKED);
  request.add_states(v1::Delivery::WAITING);
  v1::ListDeliveriesResponse response;
  ASSERT_TRUE(List(request, response).ok());
  ASSERT_EQ(response.deliveries_size(), 2);
  EXPECT_EQ(response.deliveries(0).event_id(), "c");
  EXPECT_EQ(response.deliveries(0).topic(), "");
  EXPECT_EQ(response.deliveries(1).state(), v1::Delivery::PARKED);
  EXPECT_EQ(response.deliveries(1).payload(), "");
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(HistoryServiceTest, ListsWhatExpiredAndWhatWasDiscarded) {
  DeliveryUpdate update = {
      .subscription_uid = uid_, .cursor = 3, .sent_through = 3};
  update.put_exceptions = {
      {.event_seq = 2,
       .state = DeliveryState::kExpired,
       .ending = {EndReason::kLifetimeOver, absl::Seconds(60),
                  WaitCause::kBackingOff},
       .end_time = absl::FromUnixSeconds(500),
       .attempt_count = 1},
      {.event_seq = 3,
       .state = DeliveryState::kDiscarded,
       .ending = {EndReason::kSubscriptionDisabled},
       .end_time = absl::FromUnixSeconds(600)}};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  struct Case {
    v1::Delivery::State state;
    const char* event_id;
    const char* reason;
    int64_t end;
  };
  for (const Case& c :
       {Case{
            v1::Delivery::EXPIRED, "b",
            "expired: its lifetime of 1m passed while the link was BACKING_OFF",
            500},
        Case{v1::Delivery::DISCARDED, "c", "its subscription was disabled",
             600}}) {
    v1::ListDeliveriesRequest request;
    request.set_parent("tenants/acme");
    request.add_states(c.state);
    v1::ListDeliveriesResponse response;
    ASSERT_TRUE(List(request, response).ok());
    ASSERT_EQ(response.deliveries_size(), 1) << c.event_id;
    const v1::Delivery& delivery = response.deliveries(0);
    EXPECT_EQ(delivery.event_id(), c.event_id);
    EXPECT_EQ(delivery.state(), c.state);
    EXPECT_EQ(delivery.state_reason(), c.reason);
    EXPECT_EQ(delivery.complete_time().seconds(), c.end);
  }
}

TEST_F(HistoryServiceTest, ShowsWhatIsInFlight) {
  status_.SetInFlight(uid_, {1, 3});
  v1::Delivery delivered, in_flight;
  ASSERT_TRUE(Get(Name(1), delivered).ok());
  ASSERT_TRUE(Get(Name(3), in_flight).ok());
  EXPECT_EQ(delivered.state(), v1::Delivery::DELIVERED);
  EXPECT_EQ(in_flight.state(), v1::Delivery::IN_FLIGHT);
}

TEST_F(HistoryServiceTest, WaitingEventsOfADeletedSubscriptionAreDiscarded) {
  Apply({ConfigChange::DeleteSubscription{uid_}});
  v1::Delivery waiting, delivered;
  ASSERT_TRUE(Get(Name(3), waiting).ok());
  ASSERT_TRUE(Get(Name(1), delivered).ok());
  EXPECT_EQ(waiting.state(), v1::Delivery::DISCARDED);
  EXPECT_EQ(waiting.subscription(), "tenants/acme/subscriptions/sub");
  EXPECT_EQ(delivered.state(), v1::Delivery::DELIVERED);
}

TEST_F(HistoryServiceTest, PagesDeliveries) {
  v1::ListDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.set_page_size(1);
  std::vector<std::string> ids;
  do {
    v1::ListDeliveriesResponse response;
    ASSERT_TRUE(List(request, response).ok());
    for (const auto& d : response.deliveries()) ids.push_back(d.event_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(ids, ElementsAre("c", "b", "a"));
}

TEST_F(HistoryServiceTest, PagesAndFiltersAttempts) {
  v1::ListAttemptsRequest request;
  request.set_parent("tenants/acme");
  request.set_page_size(1);
  request.set_outcome(v1::Attempt::FAILED);
  std::vector<std::string> names;
  do {
    v1::ListAttemptsResponse response;
    ASSERT_TRUE(List(request, response).ok());
    for (const auto& a : response.attempts()) names.push_back(a.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names,
              ElementsAre(Name(2) + "/attempts/1", Name(1) + "/attempts/1"));
}

TEST_F(HistoryServiceTest, ListsTheAttemptsOfOneDelivery) {
  v1::ListAttemptsRequest request;
  request.set_parent(Name(1));
  v1::ListAttemptsResponse response;
  ASSERT_TRUE(List(request, response).ok());
  EXPECT_EQ(response.attempts_size(), 2);
}

TEST_F(HistoryServiceTest, TokenOfAnotherFilterIsRefused) {
  v1::ListDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.set_page_size(1);
  v1::ListDeliveriesResponse response;
  ASSERT_TRUE(List(request, response).ok());
  request.set_page_token(response.next_page_token());
  request.mutable_filter()->set_asset_id("asset-1");
  EXPECT_THAT(ViolatedFields(List(request, response)),
              ElementsAre("page_token"));
}

TEST_F(HistoryServiceTest, NamesAllBrokenRulesAtOnce) {
  v1::ListDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.set_page_size(-1);
  request.add_states(v1::Delivery::STATE_UNSPECIFIED);
  auto& filter = *request.mutable_filter();
  filter.set_subscription("tenants/other/subscriptions/sub");
  filter.set_object_type(static_cast<v1::ObjectType>(77));
  filter.mutable_start_time()->set_seconds(10);
  filter.mutable_end_time()->set_seconds(5);
  v1::ListDeliveriesResponse response;
  grpc::Status status = List(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(
      ViolatedFields(status),
      UnorderedElementsAre("page_size", "states[0]", "filter.subscription",
                           "filter.end_time", "filter.object_type"));
}

TEST_F(HistoryServiceTest, UnknownTenantsAndDeliveriesAreNotFound) {
  v1::ListAttemptsRequest request;
  request.set_parent("tenants/nobody");
  v1::ListAttemptsResponse response;
  EXPECT_EQ(List(request, response).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::Delivery delivery;
  EXPECT_EQ(Get("tenants/nobody/deliveries/1-1", delivery).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Get(Name(99), delivery).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(ViolatedFields(Get("deliveries/1", delivery)),
              ElementsAre("name"));
}

}  // namespace
}  // namespace mqttpush
