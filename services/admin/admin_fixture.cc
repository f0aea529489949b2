#include "services/admin/admin_fixture.h"

#include <gmock/gmock.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace mqttpush {

using ::testing::HasSubstr;
using ::testing::Not;

void AdminFixture::SetUp() { Restart(); }

void AdminFixture::TearDown() {
  server_->Shutdown();
  MutexLock lock(&mutex_);
  EXPECT_THAT(said_, Not(HasSubstr(kPassword)));
  EXPECT_THAT(said_, Not(HasSubstr("PRIVATE KEY")));
}

void AdminFixture::Restart() {
  if (server_) server_->Shutdown();
  server_.reset();
  service_.reset();
  config_.reset();
  auto config = SqliteConfigStore::Open(dir_.File("config.db"));
  ASSERT_TRUE(config.ok()) << config.status();
  config_ = *std::move(config);
  service_ = std::make_unique<AdminService>(
      config_.get(), &log_, &delivery_status_, &clock_, prober_, quotas_);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
  stub_ = v1::AdminService::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
}

Reply<v1::Tenant> AdminFixture::CreateTenant(const std::string& id,
                                             const std::string& tenant) {
  v1::CreateTenantRequest request;
  request.set_tenant_id(id);
  *request.mutable_tenant() = Parse<v1::Tenant>(tenant);
  return Call(&Stub::CreateTenant, request);
}

Reply<v1::Broker> AdminFixture::CreateBroker(const std::string& parent,
                                             const std::string& id,
                                             const std::string& broker) {
  v1::CreateBrokerRequest request;
  request.set_parent(parent);
  request.set_broker_id(id);
  *request.mutable_broker() = Parse<v1::Broker>(broker);
  return Call(&Stub::CreateBroker, request);
}

Reply<v1::Subscription> AdminFixture::CreateSubscription(
    const std::string& parent, const std::string& id,
    const std::string& subscription) {
  v1::CreateSubscriptionRequest request;
  request.set_parent(parent);
  request.set_subscription_id(id);
  *request.mutable_subscription() = Parse<v1::Subscription>(subscription);
  if (request.subscription().broker().empty()) {
    request.mutable_subscription()->set_broker(
        absl::StrCat(parent, "/brokers/main"));
  }
  return Call(&Stub::CreateSubscription, request);
}

Reply<v1::Tenant> AdminFixture::GetTenant(const std::string& name) {
  v1::GetTenantRequest request;
  request.set_name(name);
  return Call(&Stub::GetTenant, request);
}

Reply<v1::Broker> AdminFixture::GetBroker(const std::string& name) {
  v1::GetBrokerRequest request;
  request.set_name(name);
  return Call(&Stub::GetBroker, request);
}

Reply<v1::Subscription> AdminFixture::GetSubscription(const std::string& name) {
  v1::GetSubscriptionRequest request;
  request.set_name(name);
  return Call(&Stub::GetSubscription, request);
}

void AdminFixture::ReadDetails(const grpc::Status& status, std::string* reason,
                               std::vector<std::string>* violations) {
  if (status.ok()) return;
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(status.error_details()));
  EXPECT_EQ(proto.code(), status.error_code());
  EXPECT_EQ(proto.message(), status.error_message());
  for (const auto& detail : proto.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&info)) {
      EXPECT_EQ(info.domain(), "mqttpush");
      *reason = info.reason();
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        violations->push_back(
            absl::StrCat(violation.field(), ": ", violation.description()));
      }
    }
  }
  EXPECT_NE(*reason, "");
}

void AdminFixture::Record(const std::string& text) {
  MutexLock lock(&mutex_);
  said_ += text;
}

}  // namespace mqttpush
