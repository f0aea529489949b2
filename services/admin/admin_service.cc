#include "services/admin/admin_service.h"

#include <utility>

#include "services/api/status.h"

namespace mqttpush {
namespace {

template <typename Response>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context,
                                absl::StatusOr<Response> result,
                                Response* response) {
  if (result.ok()) *response = *std::move(result);
  auto* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(result.status()));
  return reactor;
}

grpc::ServerUnaryReactor* ReplyEmpty(grpc::CallbackServerContext* context,
                                     const absl::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

AdminService::AdminService(ConfigStore* config, EventLog* log,
                           const DeliveryStatus* status, const Clock* clock,
                           BrokerProber prober, const QuotaRules& quotas)
    : tenants_(AdminContext{config, log, status, clock, quotas}),
      brokers_(AdminContext{config, log, status, clock}),
      probes_(config, clock, std::move(prober)),
      subscriptions_(AdminContext{config, log, status, clock}) {}

AdminService::Reactor* AdminService::CreateTenant(
    Context* context, const v1::CreateTenantRequest* request,
    v1::Tenant* response) {
  return Reply(context, tenants_.Create(*request), response);
}

AdminService::Reactor* AdminService::GetTenant(
    Context* context, const v1::GetTenantRequest* request,
    v1::Tenant* response) {
  return Reply(context, tenants_.Get(*request), response);
}

AdminService::Reactor* AdminService::ListTenants(
    Context* context, const v1::ListTenantsRequest* request,
    v1::ListTenantsResponse* response) {
  return Reply(context, tenants_.List(*request), response);
}

AdminService::Reactor* AdminService::UpdateTenant(
    Context* context, const v1::UpdateTenantRequest* request,
    v1::Tenant* response) {
  return Reply(context, tenants_.Update(*request), response);
}

AdminService::Reactor* AdminService::DeleteTenant(
    Context* context, const v1::DeleteTenantRequest* request, Empty* response) {
  return ReplyEmpty(context, tenants_.Delete(*request));
}

AdminService::Reactor* AdminService::PauseTenant(
    Context* context, const v1::PauseTenantRequest* request,
    v1::Tenant* response) {
  return Reply(context, tenants_.Pause(*request), response);
}

AdminService::Reactor* AdminService::ResumeTenant(
    Context* context, const v1::ResumeTenantRequest* request,
    v1::Tenant* response) {
  return Reply(context, tenants_.Resume(*request), response);
}

AdminService::Reactor* AdminService::CreateBroker(
    Context* context, const v1::CreateBrokerRequest* request,
    v1::Broker* response) {
  return Reply(context, brokers_.Create(*request), response);
}

AdminService::Reactor* AdminService::GetBroker(
    Context* context, const v1::GetBrokerRequest* request,
    v1::Broker* response) {
  return Reply(context, brokers_.Get(*request), response);
}

AdminService::Reactor* AdminService::ListBrokers(
    Context* context, const v1::ListBrokersRequest* request,
    v1::ListBrokersResponse* response) {
  return Reply(context, brokers_.List(*request), response);
}

AdminService::Reactor* AdminService::UpdateBroker(
    Context* context, const v1::UpdateBrokerRequest* request,
    v1::Broker* response) {
  return Reply(context, brokers_.Update(*request), response);
}

AdminService::Reactor* AdminService::DeleteBroker(
    Context* context, const v1::DeleteBrokerRequest* request, Empty* response) {
  return ReplyEmpty(context, brokers_.Delete(*request));
}

AdminService::Reactor* AdminService::ProbeBroker(
    Context* context, const v1::ProbeBrokerRequest* request,
    v1::ProbeBrokerResponse* response) {
  return probes_.Start(context, *request, response);
}

AdminService::Reactor* AdminService::CreateSubscription(
    Context* context, const v1::CreateSubscriptionRequest* request,
    v1::Subscription* response) {
  return Reply(context, subscriptions_.Create(*request), response);
}

AdminService::Reactor* AdminService::GetSubscription(
    Context* context, const v1::GetSubscriptionRequest* request,
    v1::Subscription* response) {
  return Reply(context, subscriptions_.Get(*request), response);
}

AdminService::Reactor* AdminService::ListSubscriptions(
    Context* context, const v1::ListSubscriptionsRequest* request,
    v1::ListSubscriptionsResponse* response) {
  return Reply(context, subscriptions_.List(*request), response);
}

AdminService::Reactor* AdminService::UpdateSubscription(
    Context* context, const v1::UpdateSubscriptionRequest* request,
    v1::Subscription* response) {
  return Reply(context, subscriptions_.Update(*request), response);
}

AdminService::Reactor* AdminService::DeleteSubscription(
    Context* context, const v1::DeleteSubscriptionRequest* request,
    Empty* response) {
  return ReplyEmpty(context, subscriptions_.Delete(*request));
}

AdminService::Reactor* AdminService::PauseSubscription(
    Context* context, const v1::PauseSubscriptionRequest* request,
    v1::Subscription* response) {
  return Reply(context, subscriptions_.Pause(*request), response);
}

AdminService::Reactor* AdminService::ResumeSubscription(
    Context* context, const v1::ResumeSubscriptionRequest* request,
    v1::Subscription* response) {
  return Reply(context, subscriptions_.Resume(*request), response);
}

}  // namespace mqttpush
