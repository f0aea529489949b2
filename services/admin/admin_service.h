// AdminService: the gRPC face of the admin handlers, one line per method.
#ifndef MQTTPUSH_SERVICES_ADMIN_ADMIN_SERVICE_H_
#define MQTTPUSH_SERVICES_ADMIN_ADMIN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "mqttpush/v1/admin_service.grpc.pb.h"
#include "services/admin/broker_handlers.h"
#include "services/admin/context.h"
#include "services/admin/probe_handler.h"
#include "services/admin/subscription_handlers.h"
#include "services/admin/tenant_handlers.h"

namespace mqttpush {

// Thread-safe. Calls run to their end on gRPC's callback threads, the fsync of
// a change included: operators make few of them.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  // None is owned; all must outlive the service.
  AdminService(ConfigStore* config, EventLog* log, const DeliveryStatus* status,
               const Clock* clock, BrokerProber prober,
               const QuotaRules& quotas = {});

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  using Empty = google::protobuf::Empty;

  Reactor* CreateTenant(Context* context,
                        const v1::CreateTenantRequest* request,
                        v1::Tenant* response) override;
  Reactor* GetTenant(Context* context, const v1::GetTenantRequest* request,
                     v1::Tenant* response) override;
  Reactor* ListTenants(Context* context, const v1::ListTenantsRequest* request,
                       v1::ListTenantsResponse* response) override;
  Reactor* UpdateTenant(Context* context,
                        const v1::UpdateTenantRequest* request,
                        v1::Tenant* response) override;
  Reactor* DeleteTenant(Context* context,
                        const v1::DeleteTenantRequest* request,
                        Empty* response) override;
  Reactor* PauseTenant(Context* context, const v1::PauseTenantRequest* request,
                       v1::Tenant* response) override;
  Reactor* ResumeTenant(Context* context,
                        const v1::ResumeTenantRequest* request,
                        v1::Tenant* response) override;
  Reactor* CreateBroker(Context* context,
                        const v1::CreateBrokerRequest* request,
                        v1::Broker* response) override;
  Reactor* GetBroker(Context* context, const v1::GetBrokerRequest* request,
                     v1::Broker* response) override;
  Reactor* ListBrokers(Context* context, const v1::ListBrokersRequest* request,
                       v1::ListBrokersResponse* response) override;
  Reactor* UpdateBroker(Context* context,
                        const v1::UpdateBrokerRequest* request,
                        v1::Broker* response) override;
  Reactor* DeleteBroker(Context* context,
                        const v1::DeleteBrokerRequest* request,
                        Empty* response) override;
  Reactor* ProbeBroker(Context* context, const v1::ProbeBrokerRequest* request,
                       v1::ProbeBrokerResponse* response) override;
  Reactor* CreateSubscription(Context* context,
                              const v1::CreateSubscriptionRequest* request,
                              v1::Subscription* response) override;
  Reactor* GetSubscription(Context* context,
                           const v1::GetSubscriptionRequest* request,
                           v1::Subscription* response) override;
  Reactor* ListSubscriptions(Context* context,
                             const v1::ListSubscriptionsRequest* request,
                             v1::ListSubscriptionsResponse* response) override;
  Reactor* UpdateSubscription(Context* context,
                              const v1::UpdateSubscriptionRequest* request,
                              v1::Subscription* response) override;
  Reactor* DeleteSubscription(Context* context,
                              const v1::DeleteSubscriptionRequest* request,
                              Empty* response) override;
  Reactor* PauseSubscription(Context* context,
                             const v1::PauseSubscriptionRequest* request,
                             v1::Subscription* response) override;
  Reactor* ResumeSubscription(Context* context,
                              const v1::ResumeSubscriptionRequest* request,
                              v1::Subscription* response) override;

 private:
  TenantHandlers tenants_;
  BrokerHandlers brokers_;
  ProbeHandler probes_;
  SubscriptionHandlers subscriptions_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_ADMIN_SERVICE_H_
