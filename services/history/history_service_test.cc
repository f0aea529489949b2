// The service in process: a real gRPC server, log and stub.
#include "services/history/history_service.h"

#include <grpcpp/grpcpp.h>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class FakeStatus : public DeliveryStatus {
 public:
  LinkStatus GetLink(int64_t) const override { return {}; }
  std::vector<int64_t> ListInFlight(int64_t) const override {
    return in_flight;
  }
  std::string GetIncompatibility(int64_t) const override { return ""; }
  std::vector<int64_t> in_flight;
};

// The real one, or later.
class LaterClock : public Clock {
 public:
  absl::Time Now() const override { return Clock::Now() + later; }
  absl::Duration later;
};

class HistoryServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    log_ = *SqliteEventLog::Open(temp_.File("log"), Clock::Real());
    history_ = std::make_unique<SqliteHistoryReader>(log_.get());
    Provision();
    service_ = std::make_unique<HistoryService>(
        config_.get(),
        HistorySources{.history = history_.get(), .refused = &refused_},
        &streams_, &status_, &clock_,
        [this](int64_t uid, int64_t event_seq, auto done) {
          Redeliver(uid, event_seq, done);
        });
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
    WriteLog();
  }
  // As the server does: calls end, then the pool, then gRPC.
  void TearDown() override {
    server_->Shutdown();
    server_->Wait();
    service_.reset();
  }
  void Provision() {
    TenantRecord tenant;
    tenant.id = "acme";
    tenant_uid_ = Put(tenant);
    BrokerRecord broker;
    broker.id = "main";
    broker.tenant_uid = tenant_uid_;
    broker.host = "h";
    broker.client_id = "c";
    const int64_t broker_uid = Put(broker);
    SubscriptionRecord subscription;
    subscription.id = "sub";
    subscription.tenant_uid = tenant_uid_;
    subscription.broker_uid = broker_uid;
    subscription.topic = "t";
    subscription_uid_ = Put(subscription);
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
  // Events a, b, c: delivered at the second attempt, parked, waiting.
  void WriteLog() {
    std::vector<NewEvent> events;
    for (const char* id : {"a", "b", "c"}) {
      events.push_back(MakeEvent(id, {subscription_uid_}));
      events.back().tenant_uid = tenant_uid_;
      events.back().route =
          std::make_shared<const Route>(Route{{subscription_uid_, "sub"}});
    }
    ASSERT_TRUE(AppendAndWait(*log_, events).ok());
    DeliveryUpdate update = {
        .subscription_uid = subscription_uid_, .cursor = 2, .sent_through = 2};
    update.attempts = {Attempt(1, 1, false), Attempt(1, 2, true),
                       Attempt(2, 1, false)};
    update.put_exceptions = {
        {.event_seq = 2, .state = DeliveryState::kParked, .attempt_count = 1}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  AttemptRecord Attempt(int64_t seq, int number, bool succeeded) const {
    AttemptRecord attempt;
    attempt.event_seq = seq;
    attempt.subscription_uid = subscription_uid_;
    attempt.number = number;
    attempt.start_time = absl::FromUnixSeconds(100 + 10 * seq + number);
    attempt.duration = absl::Milliseconds(250);
    attempt.topic = "t";
    attempt.qos = Qos::kExactlyOnce;
    attempt.succeeded = succeeded;
    attempt.error_class = succeeded ? ErrorClass::kNone : ErrorClass::kRejected;
    attempt.reason_code = succeeded ? 0 : 0x97;
    attempt.reason_string = succeeded ? "" : "plan exhausted";
    attempt.packet_id = 5;
    attempt.requested_qos = Qos::kAtLeastOnce;
    attempt.connection = 4;
    attempt.warning = succeeded ? "it may arrive twice" : "";
    attempt.pubrec_time = absl::FromUnixSeconds(111);
    attempt.ack_time = absl::FromUnixSeconds(112);
    return attempt;
  }
  // Plays dispatch.
  void Redeliver(int64_t subscription_uid, int64_t event_seq,
                 std::function<void(absl::Status)> done) {
    EXPECT_EQ(subscription_uid, subscription_uid_);
    if (redelivered_.ok()) {
      DeliveryUpdate update = {.subscription_uid = subscription_uid_,
                               .cursor = 2,
                               .sent_through = 2};
      update.put_exceptions = {
          {.event_seq = event_seq,
           .request_time = absl::FromUnixSeconds(1'700'000'000)}};
      update.reopened = {{event_seq, DeliveryState::kParked}};
      EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
    }
    done(redelivered_);
  }
  grpc::Status Retry(const std::string& name, v1::Delivery& delivery) {
    grpc::ClientContext context;
    v1::RetryDeliveryRequest request;
    request.set_name(name);
    return stub_->RetryDelivery(&context, request, &delivery);
  }
  std::string Name(int64_t seq) const {
    return "tenants/acme/deliveries/" + std::to_string(seq) + "-" +
           std::to_string(subscription_uid_);
  }
  grpc::Status List(const v1::ListDeliveriesRequest& request,
                    v1::ListDeliveriesResponse& response) {
    grpc::ClientContext context;
    return stub_->ListDeliveries(&context, request, &response);
  }
  grpc::Status List(const v1::ListAttemptsRequest& request,
                    v1::ListAttemptsResponse& response) {
    grpc::ClientContext context;
    return stub_->ListAttempts(&context, request, &response);
  }
  grpc::Status Get(const std::string& name, v1::Delivery& delivery) {
    grpc::ClientContext context;
    v1::GetDeliveryRequest request;
    request.set_name(name);
    return stub_->GetDelivery(&context, request, &delivery);
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
  int64_t tenant_uid_ = 0;
  int64_t subscription_uid_ = 0;
  LiveStreams streams_{"StreamAttempts", 1};
  FakeStatus status_;
  LaterClock clock_;
  RefusedEvents refused_{absl::UnixEpoch()};
  absl::Status redelivered_;  // what dispatch says
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteHistoryReader> history_;
  std::unique_ptr<HistoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::HistoryService::Stub> stub_;
};

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
  clock_.later = absl::Hours(3);
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
      .subscription_uid = subscription_uid_, .cursor = 3, .sent_through = 3};
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
  status_.in_flight = {1, 3};
  v1::Delivery delivered, in_flight;
  ASSERT_TRUE(Get(Name(1), delivered).ok());
  ASSERT_TRUE(Get(Name(3), in_flight).ok());
  EXPECT_EQ(delivered.state(), v1::Delivery::DELIVERED);
  EXPECT_EQ(in_flight.state(), v1::Delivery::IN_FLIGHT);
}

TEST_F(HistoryServiceTest, WaitingEventsOfADeletedSubscriptionAreDiscarded) {
  ASSERT_TRUE(config_
                  ->Apply([&](const ConfigSnapshot&) {
                    return ConfigChange{
                        ConfigChange::DeleteSubscription{subscription_uid_}};
                  })
                  .ok());
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

TEST_F(HistoryServiceTest, WhatIsSentAgainIsShownAsItIsThen) {
  v1::Delivery delivery;
  const grpc::Status status = Retry(Name(2), delivery);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(delivery.name(), Name(2));
  EXPECT_EQ(delivery.state(), v1::Delivery::RETRYING);
  EXPECT_EQ(delivery.state_reason(),
            "to be sent again, as asked for at 2023-11-14T22:13:20Z");
  EXPECT_EQ(delivery.attempts_size(), 1);
  EXPECT_EQ(delivery.attempts(0).trigger(), v1::Attempt::SCHEDULED);
}

TEST_F(HistoryServiceTest, WhatCannotBeSentAgainIsRefusedWithTheState) {
  v1::Delivery delivery;
  EXPECT_THAT(ViolatedFields(Retry("deliveries/1", delivery)),
              ElementsAre("name"));
  EXPECT_EQ(Retry("tenants/nobody/deliveries/1-1", delivery).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Retry(Name(99), delivery).error_code(),
            grpc::StatusCode::NOT_FOUND);
  const grpc::Status waiting = Retry(Name(3), delivery);
  EXPECT_EQ(waiting.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(waiting.error_message(), HasSubstr("is WAITING"));
  status_.in_flight = {3};
  EXPECT_THAT(Retry(Name(3), delivery).error_message(),
              HasSubstr("is IN_FLIGHT"));
}

TEST_F(HistoryServiceTest, WhatDispatchSaysToARetryIsTold) {
  const std::pair<absl::Status, grpc::StatusCode> kCases[] = {
      {absl::AbortedError("x"), grpc::StatusCode::ABORTED},
      {absl::NotFoundError("x"), grpc::StatusCode::NOT_FOUND},
      {absl::ResourceExhaustedError("x"), grpc::StatusCode::RESOURCE_EXHAUSTED},
      {absl::UnavailableError("x"), grpc::StatusCode::UNAVAILABLE}};
  for (const auto& [redelivered, code] : kCases) {
    redelivered_ = redelivered;
    v1::Delivery delivery;
    EXPECT_EQ(Retry(Name(2), delivery).error_code(), code);
  }
}

}  // namespace
}  // namespace mqttpush
