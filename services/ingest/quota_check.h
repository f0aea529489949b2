// Takes what is over a quota out of a batch.
#ifndef MQTTPUSH_SERVICES_INGEST_QUOTA_CHECK_H_
#define MQTTPUSH_SERVICES_INGEST_QUOTA_CHECK_H_

#include <map>

#include "absl/time/time.h"
#include "services/ingest/batch_preparer.h"
#include "services/ingest/quota_gate.h"
#include "services/ingest/routing_table.h"

namespace mqttpush {

// What the gate admitted and has to be told when it is in the log, by tenant.
using Entered = std::map<int64_t, Outbox>;

// Events of the batch that are over the quota of their tenant are no `events`
// any more, but `refused`, and have their result: OVER_QUOTA. Those of other
// tenants stay, but not with kAllOrNone: who repeats the whole would bring what
// is stored again each time, as much as is new.
Entered CheckQuotas(const RoutingTable& routes, Admit how, absl::Time now,
                    QuotaGate& gate, PreparedBatch& batch);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_QUOTA_CHECK_H_
