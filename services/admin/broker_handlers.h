// BrokerHandlers: the methods of AdminService on brokers.
#ifndef MQTTPUSH_SERVICES_ADMIN_BROKER_HANDLERS_H_
#define MQTTPUSH_SERVICES_ADMIN_BROKER_HANDLERS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/context.h"

namespace mqttpush {

// Thread-safe. The errors are those of admin_service.proto.
class BrokerHandlers {
 public:
  explicit BrokerHandlers(const AdminContext& context) : context_(context) {}

  absl::StatusOr<v1::Broker> Create(const v1::CreateBrokerRequest& request);
  absl::StatusOr<v1::Broker> Get(const v1::GetBrokerRequest& request);
  absl::StatusOr<v1::ListBrokersResponse> List(
      const v1::ListBrokersRequest& request);
  absl::StatusOr<v1::Broker> Update(const v1::UpdateBrokerRequest& request);
  absl::Status Delete(const v1::DeleteBrokerRequest& request);

 private:
  v1::Broker ToResponse(const ConfigSnapshot& snapshot,
                        const BrokerRecord& broker) const;

  const AdminContext context_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_BROKER_HANDLERS_H_
