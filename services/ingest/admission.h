// Which of a tenant's events in a batch its quota lets in.
#ifndef MQTTPUSH_SERVICES_INGEST_ADMISSION_H_
#define MQTTPUSH_SERVICES_INGEST_ADMISSION_H_

#include <cstdint>
#include <vector>

#include "storage/event_log.h"
#include "storage/records.h"

namespace mqttpush {

// What an event is in the outbox.
using EventLoad = Outbox;

// A producer that sees the result of each event goes on from the first one that
// was refused. One that can only repeat the whole would never come to its end,
// if the events that are in already took what there is each time: then it is
// all of the batch, of all tenants.
enum class Admit { kEach, kAllOrNone };

// The limits of a quota.
enum class Limit { kNone, kIngestRate, kWaitingEvents, kWaitingBytes };

struct Admission {
  size_t admitted = 0;         // the first ones
  Outbox load;                 // of these
  Limit limit = Limit::kNone;  // that the next one is over
};

// `loads` are the tenant's events, in order; `quota` is in force, `outbox` is
// what it holds, `tokens` how many events its rate lets in now.
//
// What alone is more than a limit is taken when there is nothing else, so that
// it can be taken at all.
Admission DecideAdmission(const std::vector<EventLoad>& loads, Admit how,
                          const TenantQuota& quota, const Outbox& outbox,
                          int64_t tokens);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_ADMISSION_H_
