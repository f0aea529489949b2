#include "cli/result_contexts.h"

#include <grpcpp/grpcpp.h>

#include <future>

#include "common/status_macros.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

// One GetDelivery that is under way; ends before it goes.
class DeliveryCall {
 public:
  DeliveryCall(const std::string& name, Client& client) : client_(client) {
    request_.set_name(name);
    context_.set_deadline(client.Deadline());
    client.history().async()->GetDelivery(
        &context_, &request_, &response_,
        [this](grpc::Status status) { done_.set_value(std::move(status)); });
  }
  DeliveryCall(const DeliveryCall&) = delete;
  DeliveryCall& operator=(const DeliveryCall&) = delete;
  ~DeliveryCall() {
    if (future_.valid()) future_.wait();
  }

  // Empty when there is no such delivery any more.
  absl::StatusOr<v1::Delivery> Wait() {
    const absl::Status status = client_.ToStatus(future_.get());
    if (absl::IsNotFound(status)) return v1::Delivery();
    if (!status.ok()) return status;
    return std::move(response_);
  }

 private:
  Client& client_;
  grpc::ClientContext context_;
  v1::GetDeliveryRequest request_;
  v1::Delivery response_;
  std::promise<grpc::Status> done_;
  std::future<grpc::Status> future_ = done_.get_future();
};

// "tenants/t/deliveries/d" of the attempt's name.
std::string DeliveryOf(const v1::Attempt& attempt) {
  return attempt.name().substr(0, attempt.name().rfind("/attempts/"));
}

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

absl::StatusOr<std::vector<ResultContext>> ResultContexts::Get(
    const Attempts& attempts) {
  std::map<std::string, DeliveryCall> calls;
  for (const v1::Attempt& attempt : attempts) {
    const std::string name = DeliveryOf(attempt);
    calls.try_emplace(name, name, client_);
  }
  std::map<std::string, v1::Delivery> deliveries;
  for (auto& [name, call] : calls) {
    MQTTPUSH_ASSIGN_OR_RETURN(deliveries[name], call.Wait());
  }
  std::vector<ResultContext> contexts;
  for (const v1::Attempt& attempt : attempts) {
    MQTTPUSH_ASSIGN_OR_RETURN(const Destination* destination,
                              GetDestination(attempt.subscription()));
    contexts.push_back({deliveries[DeliveryOf(attempt)],
                        destination->subscription, destination->broker});
  }
  return contexts;
}

absl::StatusOr<const ResultContexts::Destination*>
ResultContexts::GetDestination(const std::string& subscription) {
  const auto found = destinations_.find(subscription);
  if (found != destinations_.end()) return &found->second;
  Destination destination;
  MQTTPUSH_ASSIGN_OR_RETURN(
      destination.subscription,
      (Read<v1::Subscription, v1::GetSubscriptionRequest>(
          "AdminService/GetSubscription", subscription, client_)));
  MQTTPUSH_ASSIGN_OR_RETURN(destination.broker,
                            (Read<v1::Broker, v1::GetBrokerRequest>(
                                "AdminService/GetBroker",
                                destination.subscription.broker(), client_)));
  return &destinations_.emplace(subscription, std::move(destination))
              .first->second;
}

}  // namespace mqttpush::cli
