// TenantHandlers: the methods of AdminService on tenants.
#ifndef MQTTPUSH_SERVICES_ADMIN_TENANT_HANDLERS_H_
#define MQTTPUSH_SERVICES_ADMIN_TENANT_HANDLERS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/context.h"

namespace mqttpush {

// Thread-safe. The errors are those of admin_service.proto.
class TenantHandlers {
 public:
  explicit TenantHandlers(const AdminContext& context) : context_(context) {}

  absl::StatusOr<v1::Tenant> Create(const v1::CreateTenantRequest& request);
  absl::StatusOr<v1::Tenant> Get(const v1::GetTenantRequest& request);
  absl::StatusOr<v1::ListTenantsResponse> List(
      const v1::ListTenantsRequest& request);
  absl::StatusOr<v1::Tenant> Update(const v1::UpdateTenantRequest& request);
  absl::Status Delete(const v1::DeleteTenantRequest& request);
  absl::StatusOr<v1::Tenant> Pause(const v1::PauseTenantRequest& request);
  absl::StatusOr<v1::Tenant> Resume(const v1::ResumeTenantRequest& request);

 private:
  // With what its outbox holds now.
  v1::Tenant Show(const TenantRecord& tenant) const;
  absl::StatusOr<v1::Tenant> SetPaused(const std::string& name,
                                       const std::string& etag, bool paused);

  const AdminContext context_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_TENANT_HANDLERS_H_
