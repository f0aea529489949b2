// wire: the short name for the generated types of worker_link.proto.
#ifndef MQTTPUSH_WORKERS_WORKER_WIRE_H_
#define MQTTPUSH_WORKERS_WORKER_WIRE_H_

#include "mqttpush/worker/v1/worker_link.pb.h"

namespace mqttpush {

namespace wire = ::mqttpush::worker::v1;

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WIRE_H_
