// Quotas between the API and storage.
#ifndef MQTTPUSH_SERVICES_ADMIN_QUOTA_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_QUOTA_CONVERTER_H_

#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/records.h"

namespace mqttpush {

v1::Quota QuotaToProto(const TenantQuota& quota);

// Of "tenant.quota". Adds a violation for each rule of resources.proto that it
// breaks, as being over what the deployment allows. What is as in `base`, the
// quota so far, breaks none.
TenantQuota QuotaFromProto(const v1::Quota& proto, const TenantQuota& base,
                           const TenantQuota& maxima, Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_QUOTA_CONVERTER_H_
