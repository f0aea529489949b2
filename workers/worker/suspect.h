// Which message is to blame for the end of a connection, and when a session
// must be given up because of one.
#ifndef MQTTPUSH_WORKERS_WORKER_SUSPECT_H_
#define MQTTPUSH_WORKERS_WORKER_SUSPECT_H_

#include "workers/worker/delivery_key.h"

namespace mqttpush {

// How a connection came to its end.
enum class LossBy {
  kBroker,     // it ended it: the first message that it has not received is
               // suspect
  kTimeout,    // it was silent: of the oldest message that is the failure
  kOvertaken,  // it passed over the oldest message, which is suspect
  kUs,         // or the network: no message has to do with it
};

// What the connection's end says about one message.
enum class Blame {
  kNone,
  kTimedOut,
  kSuspect,
  kUnclear,  // suspect, but it was to be alone and was not
};

// A message that was lost with its connection.
struct LostMessage {
  int qos = 0;
  bool written = false;   // to the connection, at least in part
  bool received = false;  // the broker had said so
  bool alone = false;     // sent alone, because it was suspect before
  int in_flight = 1;      // that were lost, this one included
};

// Asked of the lost messages in order, until one is blamed. Pure.
inline Blame JudgeLoss(LossBy by, const LostMessage& message) {
  const bool unanswered =
      message.qos > 0 && message.written && !message.received;
  const bool clear = !message.alone || message.in_flight == 1;
  const Blame suspect = clear ? Blame::kSuspect : Blame::kUnclear;
  switch (by) {
    case LossBy::kBroker:
      return unanswered ? suspect : Blame::kNone;
    case LossBy::kTimeout:
      // A silent connection is no message's fault; but this one was suspect,
      // and there was nothing else that could have gone wrong.
      return unanswered && message.alone && clear ? suspect : Blame::kTimedOut;
    case LossBy::kOvertaken:
      return unanswered ? suspect : Blame::kTimedOut;
    case LossBy::kUs:
      break;
  }
  return Blame::kNone;
}

// A persistent session sends all that is in flight again with each connection,
// and with it a message on which the broker ends the connection. This says when
// the session must be given up for the others' sake. Pure; not thread-safe.
class Suspect {
 public:
  // So many connections in a row end on the same message.
  static constexpr int kTries = 3;

  // A connection ended on `delivery`, which is suspect. `alone`: dispatch wants
  // it sent alone, which a session cannot do. True: give the session up.
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
