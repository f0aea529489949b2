// Tenants between the API and storage.
#ifndef MQTTPUSH_SERVICES_ADMIN_TENANT_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_TENANT_CONVERTER_H_

#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/tenant_quota.h"

namespace mqttpush {

// `outbox` is the tenant's.
v1::Tenant TenantToProto(const TenantRecord& tenant, const QuotaRules& quotas,
                         const Outbox& outbox);

// `base` with the fields that callers may set taken from `proto`. Adds a
// violation for each rule of resources.proto that they break.
TenantRecord TenantFromProto(const v1::Tenant& proto, TenantRecord base,
                             const QuotaRules& quotas, Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_TENANT_CONVERTER_H_
