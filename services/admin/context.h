// AdminContext: what the handlers of AdminService work with.
#ifndef MQTTPUSH_SERVICES_ADMIN_CONTEXT_H_
#define MQTTPUSH_SERVICES_ADMIN_CONTEXT_H_

#include "common/clock.h"
#include "common/delivery_status.h"
#include "storage/config_store.h"
#include "storage/event_log.h"
#include "storage/tenant_quota.h"

namespace mqttpush {

// None is owned; all must outlive the service, and all are thread-safe.
struct AdminContext {
  ConfigStore* config;
  EventLog* log;
  const DeliveryStatus* status;
  const Clock* clock;
  QuotaRules quotas = {};
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_CONTEXT_H_
