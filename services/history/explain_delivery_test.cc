// Every answer of ExplainDelivery, each in the situation that it is about: the
// real ingest and history services over the real log. The test plays dispatch.
#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "services/history/history_service.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/openapi_document.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using v1::Explanation;

class FakeStatus : public DeliveryStatus {
 public:
  LinkStatus GetLink(int64_t) const override { return link; }
  std::vector<int64_t> ListInFlight(int64_t) const override {
    return in_flight;
  }
  absl::Time GetInFlightSince(int64_t, int64_t) const override {
    return absl::FromUnixSeconds(60);
  }
  std::string GetIncompatibility(int64_t) const override { return misfit; }
  LinkStatus link = {.state = LinkState::kConnected,
                     .since = absl::FromUnixSeconds(60)};
  std::vector<int64_t> in_flight;
  std::string misfit;
};

// Subscription "places" of tenant "acme" takes LOCATION.
class ExplainDeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    log_ = *SqliteEventLog::Open(temp_.File("log"), Clock::Real());
    reader_ = std::make_unique<SqliteHistoryReader>(log_.get());
    Provision();
    ingester_ = std::make_unique<Ingester>(config_.get(), log_.get(), &schemas_,
                                           &refused_, Clock::Real());
    ingest_ = std::make_unique<IngestService>(ingester_.get());
    history_ = std::make_unique<HistoryService>(
        config_.get(),
        HistorySources{.history = reader_.get(), .refused = &refused_},
        &streams_, &status_, Clock::Real(), nullptr);
    grpc::ServerBuilder builder;
    builder.RegisterService(ingest_.get());
    builder.RegisterService(history_.get());
    server_ = builder.BuildAndStart();
    ingest_stub_ = v1::IngestService::NewStub(server_->InProcessChannel({}));
    history_stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
  }
  void TearDown() override {
    server_->Shutdown();
    server_->Wait();
    history_.reset();
  }
  void Provision() {
    tenant_.id = "acme";
    tenant_.owner_ids = {"owner-1"};
    tenant_.uid = Put(tenant_);
    BrokerRecord broker;
    broker.id = "main";
    broker.tenant_uid = tenant_.uid;
    broker.host = "h";
    broker.client_id = "c";
    places_.broker_uid = Put(broker);
    places_.id = "places";
    places_.tenant_uid = tenant_.uid;
    places_.topic = "t";
    places_.object_types = {ObjectType::kLocation};
    places_.uid = Put(places_);
  }
  template <typename Record>
  int64_t Put(const Record& record) {
    auto applied = config_->Apply(
        [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return ConfigChange{record};
        });
    EXPECT_TRUE(applied.ok()) << applied.status();
    return applied->uid;
  }
  static std::string Location(int object_id,
                              const std::string& owner = "owner-1",
                              const std::string& latitude = "2.50") {
    return absl::StrCat("{\"id\":", object_id,
                        ",\"assetId\":\"asset-1\",\"ownerId\":\"", owner,
                        "\",\"whenCreated\":\"2024-03-20T14:30:00Z\","
                        "\"latitude\":",
                        latitude, ",\"longitude\":0}");
  }
  void Publish(const std::string& event_id, const std::string& payload,
               v1::EventResult::Outcome outcome = v1::EventResult::ACCEPTED,
               v1::ObjectType type = v1::LOCATION) {
    v1::PublishEventsRequest request;
    v1::Event& event = *request.add_events();
    event.set_event_id(event_id);
    event.set_object_type(type);
    event.set_payload(payload);
    grpc::ClientContext context;
    v1::PublishEventsResponse response;
    ASSERT_TRUE(ingest_stub_->PublishEvents(&context, request, &response).ok());
    ASSERT_EQ(response.results(0).outcome(), outcome) << response.DebugString();
  }
  void Commit(DeliveryUpdate update) {
    update.subscription_uid = places_.uid;
    update.sent_through = update.cursor;
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  AttemptRecord Attempt(int64_t seq, bool succeeded) const {
    AttemptRecord attempt;
    attempt.event_seq = seq;
    attempt.subscription_uid = places_.uid;
    attempt.start_time = absl::FromUnixSeconds(120);
    attempt.topic = "t";
    attempt.qos = Qos::kAtLeastOnce;
    attempt.succeeded = succeeded;
    attempt.error_class = succeeded ? ErrorClass::kNone : ErrorClass::kRejected;
    attempt.reason_code = succeeded ? 0x10 : 0x97;
    return attempt;
  }
  grpc::Status Explain(v1::ExplainDeliveryRequest request,
                       v1::ExplainDeliveryResponse& response) {
    if (request.parent().empty()) request.set_parent("tenants/acme");
    grpc::ClientContext context;
    return history_stub_->ExplainDelivery(&context, request, &response);
  }
  v1::ExplainDeliveryResponse ExplainEvent(const std::string& event_id) {
    v1::ExplainDeliveryRequest request;
    request.set_event_id(event_id);
    v1::ExplainDeliveryResponse response;
    const grpc::Status status = Explain(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // The only answer.
  Explanation TheOne(const std::string& event_id) {
    const v1::ExplainDeliveryResponse response = ExplainEvent(event_id);
    EXPECT_EQ(response.explanations_size(), 1) << response.DebugString();
    return response.explanations_size() == 0 ? Explanation()
                                             : response.explanations(0);
  }
  static std::vector<std::string> ReasonsOf(
      const v1::ExplainDeliveryResponse& response) {
    std::vector<std::string> reasons;
    for (const Explanation& explanation : response.explanations()) {
      reasons.push_back(Explanation::Reason_Name(explanation.reason()));
    }
    return reasons;
  }
  static std::vector<std::string> ViolatedFields(const grpc::Status& status) {
    google::rpc::Status details;
    details.ParseFromString(status.error_details());
    std::vector<std::string> fields;
    for (const auto& detail : details.details()) {
      google::rpc::BadRequest bad;
      if (!detail.UnpackTo(&bad)) continue;
      for (const auto& violation : bad.field_violations()) {
        fields.push_back(violation.field());
      }
    }
    return fields;
  }

  TempDir temp_;
  TenantRecord tenant_;
  SubscriptionRecord places_;
  LiveStreams streams_{"StreamAttempts", 1};
  FakeStatus status_;
  RefusedEvents refused_{absl::FromUnixSeconds(0)};
  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteHistoryReader> reader_;
  std::unique_ptr<Ingester> ingester_;
  std::unique_ptr<IngestService> ingest_;
  std::unique_ptr<HistoryService> history_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::IngestService::Stub> ingest_stub_;
  std::unique_ptr<v1::HistoryService::Stub> history_stub_;
};

TEST_F(ExplainDeliveryTest, NeverReceived) {
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::NEVER_RECEIVED);
  EXPECT_THAT(found.text(), StartsWith("Nothing is known of event id \"a\""));
  EXPECT_THAT(found.hint(), HasSubstr("Ask the producer"));
  EXPECT_FALSE(found.has_receive_time());
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
  status_.link = {.state = LinkState::kBackingOff,
                  .since = absl::FromUnixSeconds(60),
                  .last_error = "connection refused (192.0.2.1:1883)",
                  .next_connect_time = absl::FromUnixSeconds(90)};
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
  EXPECT_THAT(found.hint(), HasSubstr("ResumeSubscription"));
}

TEST_F(ExplainDeliveryTest, WaitsForABrokerThatOffersMore) {
  Publish("a", Location(1));
  status_.misfit = "QoS 2 is asked for, the broker offers 1";
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::WAITING_INCOMPATIBLE);
  EXPECT_EQ(found.text(),
            "It waits because QoS 2 is asked for, the broker offers 1.");
}

TEST_F(ExplainDeliveryTest, InFlight) {
  Publish("a", Location(1));
  status_.in_flight = {1};
  const Explanation found = TheOne("a");
  EXPECT_EQ(found.reason(), Explanation::IN_FLIGHT);
  EXPECT_EQ(found.since_time().seconds(), 60);
  EXPECT_THAT(found.text(), HasSubstr("has not answered yet"));
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
            "It was parked after 1 refusal; last: 0x97 quota exceeded.");
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
            "It expired: its lifetime of 1m passed while the link was "
            "BACKING_OFF.");
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
  ASSERT_TRUE(config_
                  ->Apply([&](const ConfigSnapshot&) {
                    return ConfigChange{
                        ConfigChange::DeleteSubscription{places_.uid}};
                  })
                  .ok());
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
