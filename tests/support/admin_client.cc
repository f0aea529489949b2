#include "tests/support/admin_client.h"

#include <utility>

#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

using Stub = v1::AdminService::StubInterface;

// A method of the stub.
template <typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

template <typename Request, typename Response>
absl::StatusOr<Response> Invoke(Stub& stub, Method<Request, Response> method,
                                const Request& request) {
  return Call<Response>([&](auto* context, auto* response) {
    return (stub.*method)(context, request, response);
  });
}

// "tenants/acme/brokers/main" is {"tenants/acme", "main"}.
std::pair<std::string, std::string> ParentAndId(const std::string& name) {
  const size_t id = name.rfind('/');
  const size_t parent = name.rfind('/', id - 1);
  return {name.substr(0, parent), name.substr(id + 1)};
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

}  // namespace

absl::Status AdminClient::CreateTenant(
    const std::string& name, const std::vector<std::string>& owner_ids,
    const std::string& display_name) {
  v1::CreateTenantRequest request;
  request.set_tenant_id(name.substr(name.find('/') + 1));
  request.mutable_tenant()->set_display_name(display_name);
  for (const std::string& owner_id : owner_ids) {
    request.mutable_tenant()->add_owner_ids(owner_id);
  }
  return Invoke(stub_, &Stub::CreateTenant, request).status();
}

absl::Status AdminClient::CreateBroker(const std::string& name,
                                       const v1::Broker& broker) {
  v1::CreateBrokerRequest request;
  auto [parent, id] = ParentAndId(name);
  request.set_parent(parent);
  request.set_broker_id(id);
  *request.mutable_broker() = broker;
  return Invoke(stub_, &Stub::CreateBroker, request).status();
}

absl::Status AdminClient::CreateSubscription(
    const std::string& name, const v1::Subscription& subscription) {
  v1::CreateSubscriptionRequest request;
  auto [parent, id] = ParentAndId(name);
  request.set_parent(parent);
  request.set_subscription_id(id);
  *request.mutable_subscription() = subscription;
  return Invoke(stub_, &Stub::CreateSubscription, request).status();
}

absl::StatusOr<v1::Broker> AdminClient::GetBroker(const std::string& name) {
  return Invoke(stub_, &Stub::GetBroker, Named<v1::GetBrokerRequest>(name));
}

absl::StatusOr<v1::Subscription> AdminClient::GetSubscription(
    const std::string& name) {
  return Invoke(stub_, &Stub::GetSubscription,
                Named<v1::GetSubscriptionRequest>(name));
}

absl::Status AdminClient::UpdateBroker(const v1::Broker& broker,
                                       const std::vector<std::string>& paths) {
  v1::UpdateBrokerRequest request;
  *request.mutable_broker() = broker;
  for (const auto& path : paths) request.mutable_update_mask()->add_paths(path);
  return Invoke(stub_, &Stub::UpdateBroker, request).status();
}

absl::Status AdminClient::UpdateSubscription(
    const v1::Subscription& subscription,
    const std::vector<std::string>& paths) {
  v1::UpdateSubscriptionRequest request;
  *request.mutable_subscription() = subscription;
  for (const auto& path : paths) request.mutable_update_mask()->add_paths(path);
  return Invoke(stub_, &Stub::UpdateSubscription, request).status();
}

absl::Status AdminClient::PauseTenant(const std::string& name) {
  return Invoke(stub_, &Stub::PauseTenant, Named<v1::PauseTenantRequest>(name))
      .status();
}

absl::Status AdminClient::ResumeTenant(const std::string& name) {
  return Invoke(stub_, &Stub::ResumeTenant,
                Named<v1::ResumeTenantRequest>(name))
      .status();
}

absl::Status AdminClient::PauseSubscription(const std::string& name) {
  return Invoke(stub_, &Stub::PauseSubscription,
                Named<v1::PauseSubscriptionRequest>(name))
      .status();
}

absl::Status AdminClient::ResumeSubscription(const std::string& name) {
  return Invoke(stub_, &Stub::ResumeSubscription,
                Named<v1::ResumeSubscriptionRequest>(name))
      .status();
}

}  // namespace mqttpush
