// Suspect: the message that the broker seems to end the connection on.
#ifndef MQTTPUSH_WORKERS_WORKER_SUSPECT_H_
#define MQTTPUSH_WORKERS_WORKER_SUSPECT_H_

#include "workers/worker/delivery_key.h"

namespace mqttpush {

// A persistent session sends all that is in flight again with each connection,
// and with it a message on which the broker ends the connection. This says when
// the session must be given up for the others' sake. Pure; not thread-safe.
class Suspect {
 public:
  // So many connections in a row end on the same message.
  static constexpr int kTries = 3;

  // The broker ended a connection on `delivery`. `alone`: with nothing else in
  // flight, because dispatch suspects it already. True: give the session up.
  bool Blame(DeliveryKey delivery, bool alone) {
    tries_ = delivery == delivery_ ? tries_ + 1 : 1;
    delivery_ = delivery;
    if (tries_ < kTries && !alone) return false;
    tries_ = 0;
    return true;
  }
  // The broker answered to `delivery`.
  void Clear(DeliveryKey delivery) {
    if (delivery == delivery_) tries_ = 0;
  }

 private:
  DeliveryKey delivery_;
  int tries_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_SUSPECT_H_
