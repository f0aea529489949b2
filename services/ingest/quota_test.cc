// Quotas through the gRPC service: a tenant at its limit, and another beside
// it.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "services/ingest/fakes_for_test.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void AddTenant(int64_t uid, const std::string& id, const TenantQuota& quota,
               ConfigSnapshot& config) {
  TenantRecord tenant;
  tenant.uid = uid;
  tenant.id = id;
  tenant.owner_ids = {id};
  tenant.quota = quota;
  SubscriptionRecord subscription;
  subscription.uid = 10 * uid;
  subscription.tenant_uid = uid;
  subscription.id = "all";
  config.Put(tenant);
  config.Put(subscription);
}

ConfigSnapshot MakeConfig(const TenantQuota& of_acme) {
  ConfigSnapshot config;
  AddTenant(1, "acme", of_acme, config);
  AddTenant(2, "other", {}, config);
  return config;
}

class QuotaTest : public ::testing::Test {
 protected:
  QuotaTest() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::IngestService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  ~QuotaTest() override {
    server_->Shutdown();
    server_->Wait();
  }

  // A batch of an event for each of the owners, with ids of their own.
  v1::PublishEventsRequest Batch(const std::vector<std::string>& owners) {
    v1::PublishEventsRequest request;
    for (const std::string& owner : owners) {
      v1::Event& event = *request.add_events();
      event.set_event_id(absl::StrCat("event-", next_++));
      event.set_object_type(v1::LOCATION);
      event.set_payload(
          absl::StrCat(R"({"id":1,"assetId":"a","ownerId":")", owner,
                       R"(","whenCreated":"2024-03-20T14:30:00Z",)",
                       R"("latitude":2.50,"longitude":-0.0})"));
    }
    return request;
  }
  v1::PublishEventsResponse Publish(const v1::PublishEventsRequest& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::PublishEventsResponse response;
    const grpc::Status status =
        stub_->PublishEvents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(30));
  }
  static std::vector<std::string> OutcomesOf(
      const v1::PublishEventsResponse& response) {
    std::vector<std::string> outcomes;
    for (const auto& result : response.results()) {
      outcomes.push_back(v1::EventResult::Outcome_Name(result.outcome()));
    }
    return outcomes;
  }
  template <typename Detail>
  static Detail DetailOf(const v1::EventResult& result) {
    Detail found;
    for (const auto& detail : result.error().details()) {
      if (detail.UnpackTo(&found)) return found;
    }
    ADD_FAILURE() << "no such detail";
    return found;
  }

  FakeConfigStore config_{MakeConfig({.max_waiting_events = 3})};
  FakeEventLog log_;
  ObjectSchemas schemas_ = *ObjectSchemas::Compile(kOpenApiDocument);
  RefusedEvents refused_{absl::UnixEpoch()};
  absl::Duration now_ = absl::Hours(1);
  Ingester ingester_{&config_,
                     &log_,
                     &schemas_,
                     &refused_,
                     Clock::Real(),
                     QuotaRules(),
                     [this] { return now_; }};
  IngestService service_{&ingester_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
  int next_ = 0;
};

TEST_F(QuotaTest, OneAtItsLimitDoesNotHarmAnotherInTheSameBatch) {
  const auto batch =
      Batch({"acme", "acme", "other", "acme", "acme", "other", "acme"});
  const v1::PublishEventsResponse response = Publish(batch);
  EXPECT_THAT(OutcomesOf(response),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED",
                          "OVER_QUOTA", "ACCEPTED", "OVER_QUOTA"));
  for (int i = 0; i < batch.events_size(); ++i) {
    EXPECT_EQ(response.results(i).event_id(), batch.events(i).event_id());
  }
  EXPECT_FALSE(response.results(5).has_error());
  EXPECT_EQ(log_.GetOutbox(1).events, 3);
  EXPECT_EQ(log_.GetOutbox(2).events, 2);
}

TEST_F(QuotaTest, TheErrorNamesTheQuotaAndWhenToTryAgain) {
  const v1::PublishEventsResponse response =
      Publish(Batch({"acme", "acme", "acme", "acme"}));
  const v1::EventResult& refused = response.results(3);
  EXPECT_EQ(refused.error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error().message(), HasSubstr("tenants/acme"));
  const auto info = DetailOf<google::rpc::ErrorInfo>(refused);
  EXPECT_EQ(info.reason(), "OUTBOX_FULL");
  EXPECT_EQ(info.metadata().at("limit"), "max_waiting_events");
  EXPECT_EQ(
      DetailOf<google::rpc::QuotaFailure>(refused).violations(0).description(),
      "its outbox is full: 3 of 3 (max_waiting_events) wait to be "
      "delivered");
  EXPECT_GT(DetailOf<google::rpc::RetryInfo>(refused).retry_delay().seconds(),
            0);
}

TEST_F(QuotaTest, WhatWasRefusedIsTakenOnceThereIsRoom) {
  const auto batch = Batch({"acme", "acme", "acme", "acme", "acme"});
  Publish(batch);
  log_.SetOutbox(1, {0, 0});
  EXPECT_THAT(OutcomesOf(Publish(batch)),
              ElementsAre("DUPLICATE", "DUPLICATE", "DUPLICATE", "OVER_QUOTA",
                          "OVER_QUOTA"));
  v1::PublishEventsRequest refused;
  *refused.add_events() = batch.events(3);
  *refused.add_events() = batch.events(4);
  EXPECT_THAT(OutcomesOf(Publish(refused)),
              ElementsAre("ACCEPTED", "ACCEPTED"));
}

TEST_F(QuotaTest, ARateLetsInWhatItSays) {
  config_.Set(MakeConfig({.ingest_events_per_second = 2, .ingest_burst = 3}));
  const v1::PublishEventsResponse response =
      Publish(Batch({"acme", "acme", "acme", "acme", "other"}));
  EXPECT_THAT(OutcomesOf(response),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED", "OVER_QUOTA",
                          "ACCEPTED"));
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(response.results(3)).reason(),
            "INGEST_RATE_EXCEEDED");
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(response.results(3))
                .retry_delay()
                .nanos(),
            500'000'000);
  now_ += absl::Milliseconds(500);
  EXPECT_THAT(OutcomesOf(Publish(Batch({"acme", "acme"}))),
              ElementsAre("ACCEPTED", "OVER_QUOTA"));
}

TEST_F(QuotaTest, WhatIsRefusedDoesNotReachTheLogOfAll) {
  Publish(Batch({"acme", "acme", "acme"}));
  log_.Hold();
  EXPECT_THAT(OutcomesOf(Publish(Batch({"acme", "acme"}))),
              ElementsAre("OVER_QUOTA", "OVER_QUOTA"));
  EXPECT_EQ(log_.append_count(), 1);
}

TEST_F(QuotaTest, DropOldestTakesAll) {
  config_.Set(MakeConfig(
      {.max_waiting_events = 1, .outbox_policy = OutboxPolicy::kDropOldest}));
  EXPECT_THAT(OutcomesOf(Publish(Batch({"acme", "acme", "acme"}))),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED"));
}

TEST_F(QuotaTest, AStreamGoesOn) {
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  v1::PublishEventsResponse response;
  ASSERT_TRUE(stream->Write(Batch({"acme", "acme", "acme", "acme"})));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(OutcomesOf(response),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED", "OVER_QUOTA"));
  ASSERT_TRUE(stream->Write(Batch({"other"})));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(OutcomesOf(response), ElementsAre("ACCEPTED"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(QuotaTest, WhatIsRefusedIsRemembered) {
  const auto batch = Batch({"acme", "acme", "acme", "acme"});
  Publish(batch);
  const auto found =
      refused_.Find(1, {.event_id = batch.events(3).event_id()}, absl::Now());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].refusal, Refusal::kOverQuota);
  EXPECT_EQ(found[0].asset_id, "a");
  EXPECT_THAT(found[0].quota, HasSubstr("its outbox is full"));
  EXPECT_EQ(refused_.Count(1).over_quota, 1);
}

TEST_F(QuotaTest, WhatCannotBeStoredIsNotCounted) {
  log_.Fail(absl::UnavailableError("disk full"));
  grpc::ClientContext context;
  SetDeadline(context);
  v1::PublishEventsResponse response;
  EXPECT_EQ(
      stub_->PublishEvents(&context, Batch({"acme", "acme", "acme"}), &response)
          .error_code(),
      grpc::StatusCode::UNAVAILABLE);
  log_.Fail(absl::OkStatus());
  EXPECT_THAT(OutcomesOf(Publish(Batch({"acme", "acme", "acme"}))),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED"));
}

}  // namespace
}  // namespace mqttpush
