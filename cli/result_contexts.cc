#include "cli/result_contexts.h"

#include <utility>

#include "cli/proto_text.h"
#include "common/status_macros.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

// Empty when there is none any more.
template <typename Resource, typename Request>
absl::StatusOr<Resource> Read(const char* method, const std::string& name,
                              Client& client) {
  if (name.empty()) return Resource();
  Request request;
  request.set_name(name);
  auto resource = client.Call<Resource>(method, request);
  if (absl::IsNotFound(resource.status())) return Resource();
  return resource;
}

}  // namespace

// A subscription cannot have had attempts before it was there.
absl::StatusOr<const ResultContext*> ResultContexts::Get(
    const v1::Attempt& attempt) {
  MQTTPUSH_ASSIGN_OR_RETURN(const ResultContext* context,
                            Find(attempt.subscription()));
  const bool another = ToTime(context->subscription.create_time()) >
                       ToTime(attempt.start_time());
  return another ? &deleted_ : context;
}

absl::StatusOr<const ResultContext*> ResultContexts::Find(
    const std::string& subscription) {
  const auto found = contexts_.find(subscription);
  if (found != contexts_.end()) return &found->second;
  ResultContext context;
  MQTTPUSH_ASSIGN_OR_RETURN(
      context.subscription,
      (Read<v1::Subscription, v1::GetSubscriptionRequest>(
          "AdminService/GetSubscription", subscription, client_)));
  MQTTPUSH_ASSIGN_OR_RETURN(
      context.broker,
      (Read<v1::Broker, v1::GetBrokerRequest>(
          "AdminService/GetBroker", context.subscription.broker(), client_)));
  return &contexts_.emplace(subscription, std::move(context)).first->second;
}

}  // namespace mqttpush::cli
