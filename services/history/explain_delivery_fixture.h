// ExplainDeliveryTest: the real ingest and history services over the real log.
// The test plays dispatch.
#ifndef MQTTPUSH_SERVICES_HISTORY_EXPLAIN_DELIVERY_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_EXPLAIN_DELIVERY_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/history/history_fixture.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/openapi_document.h"
#include "tests/support/log_fixture.h"

namespace mqttpush {

// Subscription "places" takes LOCATION.
class ExplainDeliveryTest : public HistoryFixture {
 protected:
  void SetUp() override {
    HistoryFixture::SetUp();
    ingest_stub_ = v1::IngestService::NewStub(server_->InProcessChannel({}));
    places_ = MakeSubscription("places");
    places_.object_types = {ObjectType::kLocation};
    places_.uid = Put(places_);
    SetLink({.state = LinkState::kConnected});
  }
  void RegisterMore(grpc::ServerBuilder& builder) override {
    ingester_ = std::make_unique<Ingester>(config_.get(), log_.get(), &schemas_,
                                           &refused_, &clock_);
    ingest_ = std::make_unique<IngestService>(ingester_.get());
    builder.RegisterService(ingest_.get());
  }
  // Since a minute after the epoch.
  void SetLink(LinkStatus link) {
    link.since = absl::FromUnixSeconds(60);
    status_.SetLink(broker_uid_, link);
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
  // How many events of the tenant may wait.
  void LimitWaiting(int64_t max_events) {
    TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
    tenant.quota.max_waiting_events = max_events;
    Put(tenant);
  }
  void Commit(DeliveryUpdate update) {
    update.subscription_uid = places_.uid;
    update.sent_through = update.cursor;
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  AttemptRecord Attempt(int64_t seq, bool succeeded) const {
    AttemptRecord attempt = MakeAttempt(seq, places_.uid, 1, succeeded);
    attempt.start_time = absl::FromUnixSeconds(120);
    attempt.qos = Qos::kAtLeastOnce;
    if (succeeded) attempt.reason_code = 0x10;
    return attempt;
  }
  grpc::Status Explain(v1::ExplainDeliveryRequest request,
                       v1::ExplainDeliveryResponse& response) {
    if (request.parent().empty()) request.set_parent("tenants/acme");
    grpc::ClientContext context;
    return stub_->ExplainDelivery(&context, request, &response);
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
  v1::Explanation TheOne(const std::string& event_id) {
    const v1::ExplainDeliveryResponse response = ExplainEvent(event_id);
    EXPECT_EQ(response.explanations_size(), 1) << response.DebugString();
    return response.explanations_size() == 0 ? v1::Explanation()
                                             : response.explanations(0);
  }
  static std::vector<std::string> ReasonsOf(
      const v1::ExplainDeliveryResponse& response) {
    std::vector<std::string> reasons;
    for (const v1::Explanation& explanation : response.explanations()) {
      reasons.push_back(v1::Explanation::Reason_Name(explanation.reason()));
    }
    return reasons;
  }

  SubscriptionRecord places_;
  std::unique_ptr<v1::IngestService::Stub> ingest_stub_;

 private:
  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  std::unique_ptr<Ingester> ingester_;
  std::unique_ptr<IngestService> ingest_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_EXPLAIN_DELIVERY_FIXTURE_H_
