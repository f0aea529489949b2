// AdminClient: provisions as an operator does, with short calls.
#ifndef MQTTPUSH_TESTS_SUPPORT_ADMIN_CLIENT_H_
#define MQTTPUSH_TESTS_SUPPORT_ADMIN_CLIENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/v1/admin_service.grpc.pb.h"

namespace mqttpush {

// Every method is one call and returns its error. Names are full:
// "tenants/acme", "tenants/acme/brokers/main".
class AdminClient {
 public:
  // `stub` must outlive it.
  explicit AdminClient(v1::AdminService::StubInterface& stub) : stub_(stub) {}

  absl::Status CreateTenant(const std::string& name,
                            const std::vector<std::string>& owner_ids,
                            const std::string& display_name = "");
  absl::Status CreateBroker(const std::string& name, const v1::Broker& broker);
  absl::Status CreateSubscription(const std::string& name,
                                  const v1::Subscription& subscription);

  absl::StatusOr<v1::Broker> GetBroker(const std::string& name);
  absl::StatusOr<v1::Subscription> GetSubscription(const std::string& name);

  // Of `broker` and `subscription`, the name and the fields of `paths` count.
  absl::Status UpdateBroker(const v1::Broker& broker,
                            const std::vector<std::string>& paths);
  absl::Status UpdateSubscription(const v1::Subscription& subscription,
                                  const std::vector<std::string>& paths);

  absl::Status PauseTenant(const std::string& name);
  absl::Status ResumeTenant(const std::string& name);
  absl::Status PauseSubscription(const std::string& name);
  absl::Status ResumeSubscription(const std::string& name);

 private:
  v1::AdminService::StubInterface& stub_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_ADMIN_CLIENT_H_
