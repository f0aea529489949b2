// WorkerChannel: the way from dispatch to one attached worker.
#ifndef MQTTPUSH_WORKERS_DISPATCH_WORKER_CHANNEL_H_
#define MQTTPUSH_WORKERS_DISPATCH_WORKER_CHANNEL_H_

#include "mqttpush/worker/v1/worker_link.pb.h"

namespace mqttpush {

// On the loop only.
class WorkerChannel {
 public:
  virtual ~WorkerChannel() = default;
  // Queues `message`; never blocks. Dropped when the worker is gone.
  virtual void Send(worker::v1::ControlMessage message) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_WORKER_CHANNEL_H_
