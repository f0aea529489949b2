// A tenant whose broker is away for long: what its quota lets wait, and what
// the service says of it.
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kWaiting = 100;  // what the quota lets wait

class OutboxTest : public E2eTest {
 protected:
  void Provision(v1::Quota::OutboxPolicy policy) {
    StartService({{"MQTTPUSH_AUDIT_INTERVAL", "1s"},
                  {"MQTTPUSH_LOG_LEVEL", "debug"},
                  {"MQTTPUSH_CONNECT_BACKOFF_BASE", "50ms"},
                  {"MQTTPUSH_CONNECT_BACKOFF_MAX", "200ms"}});
    mosquitto_ = StartMosquitto();
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
    mosquitto_->Kill();
    WaitForLink(v1::Link::BACKING_OFF);
    v1::UpdateTenantRequest request;
    request.mutable_tenant()->set_name(kTenant);
    request.mutable_tenant()->mutable_quota()->set_max_waiting_events(kWaiting);
    request.mutable_tenant()->mutable_quota()->set_outbox_policy(policy);
    grpc::ClientContext context;
    v1::Tenant updated;
    ASSERT_TRUE(
        service_->admin().UpdateTenant(&context, request, &updated).ok());
  }
  // Events from `first` on, whose ids are their numbers.
  static std::vector<v1::Event> Events(int first, int count) {
    std::vector<v1::Event> events(count);
    for (v1::Event& event : events) {
      event.set_event_id(absl::StrCat(first++));
      event.set_object_type(v1::LOCATION);
      event.set_payload(
          absl::StrCat(R"({"id":1,"assetId":"a","ownerId":")", kOwner,
                       R"(","whenCreated":"2024-03-20T14:30:00Z","latitude":1,)"
                       R"("longitude":2})"));
    }
    return events;
  }
  v1::OutboxUsage Outbox() {
    v1::GetTenantRequest request;
    request.set_name(kTenant);
    grpc::ClientContext context;
    v1::Tenant tenant;
    EXPECT_TRUE(service_->admin().GetTenant(&context, request, &tenant).ok());
    return tenant.outbox();
  }
  v1::Backlog Backlog() {
    return admin().GetSubscription(kSubscription)->backlog();
  }
  v1::Explanation Explain(const std::string& event_id) {
    v1::ExplainDeliveryRequest request;
    request.set_parent(kTenant);
    request.set_event_id(event_id);
    grpc::ClientContext context;
    v1::ExplainDeliveryResponse response;
    EXPECT_TRUE(
        service_->history().ExplainDelivery(&context, request, &response).ok());
    return response.explanations_size() == 1 ? response.explanations(0)
                                             : v1::Explanation();
  }
  void ExpectBooksInOrder() {
    const size_t before = service_->ReadLog().size();
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      return service_->ReadLog().find("event=conservation_audited", before) !=
             std::string::npos;
    }));
    EXPECT_THAT(service_->ReadLog(), Not(HasSubstr("conservation_violated")));
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
};

TEST_F(OutboxTest, RefuseNewTakesWhatThereIsRoomForAlsoAfterARestart) {
  Provision(v1::Quota::REFUSE_NEW);
  Publish(Events(0, kWaiting));
  Publish(Events(1000, 3), v1::EventResult::OVER_QUOTA);
  const v1::OutboxUsage full = Outbox();
  EXPECT_EQ(full.waiting_events(), kWaiting);
  EXPECT_GT(full.waiting_bytes(), 100 * kWaiting);
  EXPECT_EQ(full.used_percent(), 100);
  EXPECT_THAT(service_->ReadLog(), HasSubstr("outbox_full"));
  EXPECT_EQ(Explain("1000").reason(), v1::Explanation::OVER_QUOTA);
  service_->Kill();
  ASSERT_OK(service_->Restart());
  EXPECT_EQ(Outbox().SerializeAsString(), full.SerializeAsString());
  Publish(Events(2000, 1), v1::EventResult::OVER_QUOTA);
  ASSERT_OK(mosquitto_->Start());
  WaitUntilDelivered();
  EXPECT_EQ(Outbox().waiting_events(), 0);
  EXPECT_EQ(Outbox().waiting_bytes(), 0);
  Publish(Events(2000, 1));
  ExpectBooksInOrder();
}

TEST_F(OutboxTest, DropOldestKeepsTheNewest) {
  Provision(v1::Quota::DROP_OLDEST);
  Publish(Events(0, 3 * kWaiting));
  EXPECT_TRUE(WaitUntil(kPatience,
                        [&] { return Outbox().waiting_events() == kWaiting; }));
  EXPECT_EQ(Backlog().expired_count(), 2 * kWaiting);
  EXPECT_EQ(Backlog().waiting_count(), kWaiting);
  const v1::Explanation oldest = Explain("0");
  EXPECT_EQ(oldest.reason(), v1::Explanation::EXPIRED);
  EXPECT_THAT(oldest.text(), HasSubstr("outbox, which was full"));
  EXPECT_TRUE(WaitUntil(kPatience, [&] {  // it is said after it is on disk
    return service_->ReadLog().find("outbox_dropped") != std::string::npos;
  }));
  ASSERT_OK(mosquitto_->Start());
  WaitForLink(v1::Link::CONNECTED);
  EXPECT_TRUE(WaitUntil(kPatience, [&] {
    return Backlog().delivered_count() == kWaiting;
  })) << Backlog().DebugString();
  EXPECT_EQ(Explain("299").reason(), v1::Explanation::DELIVERED);
  EXPECT_EQ(Explain("199").reason(), v1::Explanation::EXPIRED);
  EXPECT_EQ(Explain("200").reason(), v1::Explanation::DELIVERED);
  ExpectBooksInOrder();
}

}  // namespace
}  // namespace mqttpush
