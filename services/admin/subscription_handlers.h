// SubscriptionHandlers: the methods of AdminService on subscriptions.
#ifndef MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_HANDLERS_H_
#define MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_HANDLERS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/context.h"

namespace mqttpush {

// Thread-safe. The errors are those of admin_service.proto.
class SubscriptionHandlers {
 public:
  explicit SubscriptionHandlers(const AdminContext& context)
      : context_(context) {}

  absl::StatusOr<v1::Subscription> Create(
      const v1::CreateSubscriptionRequest& request);
  absl::StatusOr<v1::Subscription> Get(
      const v1::GetSubscriptionRequest& request);
  absl::StatusOr<v1::ListSubscriptionsResponse> List(
      const v1::ListSubscriptionsRequest& request);
  absl::StatusOr<v1::Subscription> Update(
      const v1::UpdateSubscriptionRequest& request);
  absl::Status Delete(const v1::DeleteSubscriptionRequest& request);
  absl::StatusOr<v1::Subscription> Pause(
      const v1::PauseSubscriptionRequest& request);
  absl::StatusOr<v1::Subscription> Resume(
      const v1::ResumeSubscriptionRequest& request);

 private:
  absl::StatusOr<v1::Subscription> ToResponse(
      const ConfigSnapshot& snapshot,
      const SubscriptionRecord& subscription) const;
  v1::Subscription WithoutBacklog(const ConfigSnapshot& snapshot,
                                  const SubscriptionRecord& subscription) const;
  // For the answer to a change, which must not fail after it: without the
  // backlog when the log cannot be read.
  v1::Subscription ToChangeResponse(
      const ConfigSnapshot& snapshot,
      const SubscriptionRecord& subscription) const;
  absl::StatusOr<v1::Subscription> SetPaused(const std::string& name,
                                             const std::string& etag,
                                             bool paused);

  const AdminContext context_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_HANDLERS_H_
