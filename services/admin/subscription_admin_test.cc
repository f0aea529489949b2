// AdminService on subscriptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Stub = v1::AdminService::Stub;

constexpr char kAll[] = "tenants/acme/subscriptions/all";

class SubscriptionAdminTest : public AdminFixture {
 protected:
  void SetUp() override {
    AdminFixture::SetUp();
    CreateTenant("acme");
    CreateBroker("tenants/acme", "main");
  }

  Reply<v1::Subscription> Create(const std::string& subscription) {
    return CreateSubscription("tenants/acme", "all", subscription);
  }
  Reply<v1::Subscription> Update(const std::string& subscription,
                                 const std::vector<std::string>& mask = {}) {
    v1::UpdateSubscriptionRequest request;
    *request.mutable_subscription() = Parse<v1::Subscription>(subscription);
    request.mutable_subscription()->set_name(kAll);
    for (const auto& path : mask)
      request.mutable_update_mask()->add_paths(path);
    return Call(&Stub::UpdateSubscription, request);
  }
  Reply<google::protobuf::Empty> Delete(const std::string& more = "") {
    return Call(&Stub::DeleteSubscription,
                Parse<v1::DeleteSubscriptionRequest>(
                    absl::StrCat("name: '", kAll, "' ", more)));
  }
  int64_t Uid() {
    const auto snapshot = Snapshot();
    return snapshot->FindSubscription(snapshot->FindTenant("acme")->uid, "all")
        ->uid;
  }
};

TEST_F(SubscriptionAdminTest, CreateFillsInTheDefaults) {
  const auto created = Create("topic: 'fleet/{tenant}/{objectType}/{assetId}'");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(created->name(), kAll);
  EXPECT_EQ(created->broker(), "tenants/acme/brokers/main");
  EXPECT_EQ(created->object_types_size(), 0);
  EXPECT_EQ(created->qos(), v1::AT_LEAST_ONCE);
  EXPECT_FALSE(created->retain());
  EXPECT_FALSE(created->has_event_id_field());
  EXPECT_EQ(created->state(), v1::Subscription::ACTIVE);
  EXPECT_EQ(created->revision(), 1);
  EXPECT_TRUE(created->has_backlog());
  Restart();
  EXPECT_EQ(GetSubscription(kAll)->DebugString(), created->DebugString());
}

TEST_F(SubscriptionAdminTest, CreateKeepsWhatIsGiven) {
  const auto created = Create(
      "topic: 't' object_types: [SENSOR_DATA, ASSET] qos: EXACTLY_ONCE "
      "retain: true event_id_field: '' "
      "topic_overrides { object_type: ASSET topic: 'a' } "
      "topic_overrides { object_type: LOCATION qos: AT_MOST_ONCE }");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_THAT(created->object_types(), ElementsAre(v1::SENSOR_DATA, v1::ASSET));
  EXPECT_EQ(created->qos(), v1::EXACTLY_ONCE);
  EXPECT_TRUE(created->retain());
  EXPECT_TRUE(created->has_event_id_field());
  ASSERT_EQ(created->topic_overrides_size(), 2);
  EXPECT_EQ(created->topic_overrides(0).topic(), "a");
  EXPECT_EQ(created->topic_overrides(0).qos(), v1::QOS_UNSPECIFIED);
  EXPECT_EQ(created->topic_overrides(1).topic(), "");
  EXPECT_EQ(created->topic_overrides(1).qos(), v1::AT_MOST_ONCE);
  Restart();
  EXPECT_EQ(GetSubscription(kAll)->DebugString(), created->DebugString());
}

TEST_F(SubscriptionAdminTest, CreateNamesAllViolations) {
  v1::CreateSubscriptionRequest request;
  request.set_parent("tenants/acme");
  request.set_subscription_id("");
  auto* subscription = request.mutable_subscription();
  *subscription = Parse<v1::Subscription>(
      "broker: 'tenants/acme/brokers/nope' topic: 'fleet/#' "
      "object_types: [ASSET, OBJECT_TYPE_UNSPECIFIED, ASSET] "
      "topic_overrides { object_type: ASSET topic: 'a' } "
      "topic_overrides { object_type: ASSET topic: '{nope}' } "
      "topic_overrides { qos: AT_MOST_ONCE } "
      "topic_overrides { object_type: LOCATION }");
  subscription->set_qos(static_cast<v1::Qos>(9));
  subscription->mutable_topic_overrides(2)->set_qos(static_cast<v1::Qos>(8));
  subscription->set_event_id_field(std::string(129, 'x'));
  const auto reply = Call(&Stub::CreateSubscription, request);
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(
      reply.violations,
      ElementsAre(
          StartsWith("subscription_id: must match"),
          "subscription.broker: does not exist",
          "subscription.object_types[1]: must be one of the object types",
          "subscription.object_types[2]: is in the list twice",
          StartsWith("subscription.topic: "),
          StartsWith("subscription.topic_overrides[1].topic: "),
          "subscription.topic_overrides[1].object_type: has another override "
          "already",
          "subscription.topic_overrides[2].qos: must be one of the QoS",
          "subscription.topic_overrides[2].object_type: must be one of the "
          "object types",
          "subscription.topic_overrides[3]: must set `topic` or `qos`",
          "subscription.qos: must be one of the QoS",
          "subscription.event_id_field: must be at most 128 characters"));
  EXPECT_TRUE(Snapshot()->subscriptions().empty());
}

TEST_F(SubscriptionAdminTest, BrokerMustBeOneOfTheTenant) {
  CreateTenant("other");
  CreateBroker("tenants/other", "theirs");
  EXPECT_THAT(
      Create("topic: 't' broker: 'tenants/other/brokers/theirs'").violations,
      ElementsAre("subscription.broker: must be a broker of the same tenant"));
  EXPECT_THAT(Create("topic: 't' broker: 'main'").violations,
              ElementsAre(HasSubstr("must have the format")));
  v1::CreateSubscriptionRequest empty;
  empty.set_parent("nonsense");
  EXPECT_THAT(
      Call(&Stub::CreateSubscription, empty).violations,
      ElementsAre(StartsWith("parent: "), StartsWith("subscription_id: "),
                  "subscription.broker: is required",
                  StartsWith("subscription.topic: ")));
}

TEST_F(SubscriptionAdminTest, CreateRefusesUnknownTenantAndTakenName) {
  EXPECT_EQ(CreateSubscription("tenants/nobody", "all", "topic: 't'").reason,
            "TENANT_NOT_FOUND");
  EXPECT_TRUE(Create("topic: 't'").ok());
  EXPECT_EQ(Create("topic: 't'").reason, "NAME_TAKEN");
}

TEST_F(SubscriptionAdminTest, FieldsAreCheckedBeforeTheTenantIsMissed) {
  auto request = Parse<v1::CreateSubscriptionRequest>(
      "parent: 'tenants/new' subscription_id: 'all' validate_only: true "
      "subscription { broker: 'tenants/acme/brokers/main' topic: 'a/#' }");
  EXPECT_THAT(
      Call(&Stub::CreateSubscription, request).violations,
      ElementsAre("subscription.broker: must be a broker of the same tenant",
                  StartsWith("subscription.topic: ")));
  request.mutable_subscription()->set_broker("tenants/new/brokers/main");
  request.mutable_subscription()->set_topic("a");
  EXPECT_EQ(Call(&Stub::CreateSubscription, request).reason,
            "TENANT_NOT_FOUND");
}

TEST_F(SubscriptionAdminTest, CreateValidateOnlyChangesNothing) {
  const auto request = Parse<v1::CreateSubscriptionRequest>(
      "parent: 'tenants/acme' subscription_id: 'all' validate_only: true "
      "subscription { broker: 'tenants/acme/brokers/main' topic: 't' }");
  EXPECT_EQ(Call(&Stub::CreateSubscription, request)->name(), kAll);
  EXPECT_EQ(GetSubscription(kAll).reason, "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(SubscriptionAdminTest, ListPagesWithinTheTenant) {
  for (const char* id : {"c", "a", "b"}) {
    CreateSubscription("tenants/acme", id, "topic: 't'");
  }
  auto request = Parse<v1::ListSubscriptionsRequest>(
      "parent: 'tenants/acme' page_size: 2");
  const auto first = Call(&Stub::ListSubscriptions, request);
  ASSERT_EQ(first->subscriptions_size(), 2);
  EXPECT_EQ(first->subscriptions(0).name(), "tenants/acme/subscriptions/a");
  EXPECT_TRUE(first->subscriptions(0).has_backlog());
  request.set_page_token(first->next_page_token());
  const auto second = Call(&Stub::ListSubscriptions, request);
  ASSERT_EQ(second->subscriptions_size(), 1);
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_EQ(Call(&Stub::ListSubscriptions, Parse<v1::ListSubscriptionsRequest>(
                                               "parent: 'tenants/nobody'"))
                .reason,
            "TENANT_NOT_FOUND");
  EXPECT_THAT(Call(&Stub::ListSubscriptions,
                   Parse<v1::ListSubscriptionsRequest>(
                       "parent: 'x' page_size: -1 page_token: 'x'"))
                  .violations,
              SizeIs(3));
}

TEST_F(SubscriptionAdminTest, UpdateFollowsTheMask) {
  CreateBroker("tenants/acme", "second");
  Create(
      "topic: 't' event_id_field: 'eventId' "
      "topic_overrides { object_type: ASSET topic: 'a' }");
  const auto topic = Update("topic: 'u'");
  EXPECT_EQ(topic->topic(), "u");
  EXPECT_EQ(topic->topic_overrides_size(), 1);
  EXPECT_EQ(topic->revision(), 2);
  const auto moved = Update("broker: 'tenants/acme/brokers/second'");
  EXPECT_EQ(moved->broker(), "tenants/acme/brokers/second");
  const auto cleared = Update("", {"event_id_field", "topic_overrides"});
  EXPECT_FALSE(cleared->has_event_id_field());
  EXPECT_EQ(cleared->topic_overrides_size(), 0);
  EXPECT_THAT(Update("", {"*"}).violations,
              ElementsAre("subscription.broker: is required",
                          StartsWith("subscription.topic: ")));
  EXPECT_THAT(Update("topic: '+'", {"topic", "nope"}).violations, SizeIs(2));
  EXPECT_EQ(Update("topic: 'u'")->etag(), cleared->etag());
}

TEST_F(SubscriptionAdminTest, UpdateRefuses) {
  EXPECT_EQ(Update("topic: 't'").reason, "SUBSCRIPTION_NOT_FOUND");
  Create("topic: 't'");
  EXPECT_EQ(Update("topic: 'u' etag: 'x'").reason, "ETAG_MISMATCH");
  EXPECT_EQ(
      Call(&Stub::UpdateSubscription, v1::UpdateSubscriptionRequest()).reason,
      "INVALID_FIELDS");
  const auto request = Parse<v1::UpdateSubscriptionRequest>(absl::StrCat(
      "subscription { name: '", kAll, "' topic: 'u' } validate_only: true"));
  EXPECT_EQ(Call(&Stub::UpdateSubscription, request)->topic(), "u");
  EXPECT_EQ(GetSubscription(kAll)->topic(), "t");
}

TEST_F(SubscriptionAdminTest, LifetimeAndDisabledFollowTheMask) {
  const auto created =
      Create("topic: 't' event_lifetime { seconds: 90 } disabled: true");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(created->event_lifetime().seconds(), 90);
  EXPECT_TRUE(created->disabled());
  EXPECT_EQ(created->state(), v1::Subscription::DISABLED);
  Restart();
  EXPECT_EQ(GetSubscription(kAll)->DebugString(), created->DebugString());
  // What is not set is not touched; what is named and not set gets its default.
  EXPECT_TRUE(Update("topic: 'u'")->has_event_lifetime());
  EXPECT_TRUE(Update("disabled: false")->disabled());
  EXPECT_EQ(Update("", {"disabled"})->state(), v1::Subscription::ACTIVE);
  EXPECT_FALSE(Update("", {"event_lifetime"})->has_event_lifetime());
  EXPECT_TRUE(Update("disabled: true")->disabled());
  EXPECT_EQ(Update("event_lifetime { seconds: 2678400 }")->revision(), 6);
}

TEST_F(SubscriptionAdminTest, LifetimeHasALeastAndAMost) {
  for (const char* lifetime :
       {"{ }", "{ seconds: -1 }", "{ nanos: 500000000 }",
        "{ seconds: 5 nanos: 1 }", "{ seconds: 2678401 }",
        "{ seconds: 9223372036854775807 }"}) {
    EXPECT_THAT(
        Create(absl::StrCat("topic: 't' event_lifetime ", lifetime)).violations,
        ElementsAre("subscription.event_lifetime: must be whole seconds from "
                    "1 s to 2678400 s"))
        << lifetime;
  }
}

TEST_F(SubscriptionAdminTest, ShowsTheFirstStateThatHolds) {
  Create("topic: 't'");
  delivery_status_.SetIncompatibility(Uid(), "QoS 2 is asked for");
  const auto incompatible = GetSubscription(kAll);
  EXPECT_EQ(incompatible->state(), v1::Subscription::INCOMPATIBLE);
  EXPECT_EQ(incompatible->incompatibility(), "QoS 2 is asked for");
  Call(&Stub::PauseTenant,
       Parse<v1::PauseTenantRequest>("name: 'tenants/acme'"));
  const auto paused = GetSubscription(kAll);
  EXPECT_EQ(paused->state(), v1::Subscription::PAUSED);
  EXPECT_EQ(paused->incompatibility(), "");
  EXPECT_EQ(Update("disabled: true")->state(), v1::Subscription::DISABLED);
  Call(&Stub::ResumeTenant,
       Parse<v1::ResumeTenantRequest>("name: 'tenants/acme'"));
  EXPECT_EQ(GetSubscription(kAll)->state(), v1::Subscription::DISABLED);
  const auto enabled = Update("", {"disabled"});
  EXPECT_EQ(enabled->state(), v1::Subscription::INCOMPATIBLE);
  EXPECT_EQ(enabled->incompatibility(), "QoS 2 is asked for");
  delivery_status_.SetIncompatibility(Uid(), "");
  EXPECT_EQ(GetSubscription(kAll)->state(), v1::Subscription::ACTIVE);
}

TEST_F(SubscriptionAdminTest, PauseAndResume) {
  Create("topic: 't'");
  const std::string name = absl::StrCat("name: '", kAll, "'");
  EXPECT_EQ(
      Call(&Stub::PauseSubscription, Parse<v1::PauseSubscriptionRequest>(name))
          ->state(),
      v1::Subscription::PAUSED);
  EXPECT_EQ(Call(&Stub::PauseSubscription,
                 Parse<v1::PauseSubscriptionRequest>(name + " etag: 'x'"))
                .reason,
            "ETAG_MISMATCH");
  Restart();
  EXPECT_EQ(GetSubscription(kAll)->state(), v1::Subscription::PAUSED);
  EXPECT_EQ(Call(&Stub::ResumeSubscription,
                 Parse<v1::ResumeSubscriptionRequest>(name))
                ->state(),
            v1::Subscription::ACTIVE);
  EXPECT_EQ(Call(&Stub::ResumeSubscription,
                 Parse<v1::ResumeSubscriptionRequest>("name: 'x'"))
                .reason,
            "INVALID_FIELDS");
  EXPECT_EQ(Call(&Stub::PauseSubscription,
                 Parse<v1::PauseSubscriptionRequest>(
                     "name: 'tenants/acme/subscriptions/no'"))
                .reason,
            "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(SubscriptionAdminTest, DeleteWantsForceForUndeliveredEvents) {
  Create("topic: 't'");
  FakeEventLog::Subscription log;
  log.recovery.state.accepted_count = 12;
  log.recovery.state.delivered_count = 2;
  log.recovery.state.parked_count = 1;
  log.recovery.state.expired_count = 3;
  log.recovery.state.discarded_count = 4;
  log_.Set(Uid(), log);
  const auto refused = Delete();
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(refused.reason, "UNDELIVERED_EVENTS");
  EXPECT_EQ(refused.status.error_message(),
            "\"tenants/acme/subscriptions/all\" has 3 undelivered events; set "
            "`force` to discard them");
  EXPECT_EQ(Delete("force: true etag: 'x'").reason, "ETAG_MISMATCH");
  EXPECT_TRUE(Delete("force: true validate_only: true").ok());
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Delete("force: true").ok());
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("events_discarded "
                        "subscription=tenants/acme/subscriptions/all count=2 "
                        "parked=1"));
  EXPECT_EQ(Delete().reason, "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(SubscriptionAdminTest, ExpiredAndDiscardedEventsNeedNoForce) {
  Create("topic: 't'");
  FakeEventLog::Subscription log;
  log.recovery.state.accepted_count = 5;
  log.recovery.state.delivered_count = 2;
  log.recovery.state.expired_count = 2;
  log.recovery.state.discarded_count = 1;
  log_.Set(Uid(), log);
  EXPECT_TRUE(Delete().ok());
}

// Nobody may be kept from ending a customer's pushing by a full disk.
TEST_F(SubscriptionAdminTest, ForceDeletesWithoutTheLog) {
  Create("topic: 't'");
  log_.SetError(absl::UnavailableError("disk is full"));
  EXPECT_TRUE(Delete("force: true").ok());
}

TEST_F(SubscriptionAdminTest, ShowsTheBacklog) {
  Create("topic: 't'");
  FakeEventLog::Subscription log;
  log.recovery.state.accepted_count = 3;
  log.recovery.state.delivered_count = 1;
  log.recovery.state.cursor = 10;
  EventRecord event;
  event.seq = 11;
  log.events.push_back(event);
  event.seq = 12;
  event.accept_time = absl::FromUnixSeconds(77);
  log.events.push_back(event);
  log_.Set(Uid(), log);
  delivery_status_.SetInFlight(Uid(), {11});
  const auto backlog = GetSubscription(kAll)->backlog();
  EXPECT_EQ(backlog.in_flight_count(), 1);
  EXPECT_EQ(backlog.waiting_count(), 1);
  EXPECT_EQ(backlog.oldest_waiting_time().seconds(), 77);
}

TEST_F(SubscriptionAdminTest, SaysWhenTheLogCannotBeRead) {
  Create("topic: 't'");
  log_.SetError(absl::UnavailableError("disk is full"));
  const auto get = GetSubscription(kAll);
  EXPECT_EQ(get.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(get.reason, "LOG_UNAVAILABLE");
  EXPECT_EQ(Delete().reason, "LOG_UNAVAILABLE");
  // A change that is made is not reported as failed.
  const auto updated = Update("topic: 'u'");
  EXPECT_TRUE(updated.ok());
  EXPECT_FALSE(updated->has_backlog());
  log_.SetError(absl::OkStatus());
  EXPECT_EQ(GetSubscription(kAll)->topic(), "u");
}

}  // namespace
}  // namespace mqttpush
