// From what a worker reports of a message to the record of an attempt.
#ifndef MQTTPUSH_WORKERS_DISPATCH_ATTEMPT_EVIDENCE_H_
#define MQTTPUSH_WORKERS_DISPATCH_ATTEMPT_EVIDENCE_H_

#include "mqttpush/worker/v1/worker_link.pb.h"
#include "storage/records.h"

namespace mqttpush {

// Adds all that `result` says to `attempt`, which holds what was asked for.
// Where the message went out as something else, that is what counts as sent.
void AddEvidence(const worker::v1::Result& result, AttemptRecord& attempt);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_ATTEMPT_EVIDENCE_H_
