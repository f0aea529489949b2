// PahoInbox: carries what Paho's threads have to say to the event loop.
#ifndef MQTTPUSH_WORKERS_WORKER_PAHO_INBOX_H_
#define MQTTPUSH_WORKERS_WORKER_PAHO_INBOX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/event_loop.h"
#include "common/mutex.h"
#include "workers/worker/mqtt_client.h"

namespace mqttpush {

// The notes that callbacks leave for the loop.
struct ConnectedNote {
  BrokerLimits limits;
};
struct ConnectFailedNote {
  int code;  // Paho's
  std::string library_message;
};
struct LostNote {
  ConnectionLoss loss;  // without a message: the broker gave no reason
};
struct PublishedNote {
  int64_t id;
  PublishOutcome outcome;
  absl::Duration end;  // SteadyNow()
};
struct AcknowledgedNote {
  int packet_id;
  WireEvidence evidence;
};
struct DisconnectedNote {};
using PahoNote =
    std::variant<ConnectedNote, ConnectFailedNote, LostNote, PublishedNote,
                 AcknowledgedNote, DisconnectedNote>;

// Put is thread-safe; the rest is for the loop's thread.
//
// Many notes wake the loop once. Brokers answer several messages one by one,
// and to wake the loop for each answer would cost more than all the rest. So
// ends of messages wake it when as many have come as AwaitEnds said, or by a
// timer of the loop; all other notes wake it at once.
class PahoInbox : public std::enable_shared_from_this<PahoInbox> {
 public:
  // A broker with many clients answers each of them in turn.
  static constexpr absl::Duration kLongestWait = absl::Milliseconds(20);

  explicit PahoInbox(EventLoop* loop) : loop_(loop) {}

  void Put(int64_t generation, PahoNote note);

  // See MqttClient.
  void AwaitEnds(int count);

  void SetListener(MqttClient::Listener* listener) { listener_ = listener; }
  // Notes of other generations are dropped from now on. `verify_host` is the
  // name that the broker's certificate must carry.
  void SetGeneration(int64_t generation, std::string verify_host);

 private:
  // That a message ended well, as one of many.
  static bool IsEnd(const PahoNote& note);
  void Deliver();
  void DeliverSoon();
  // How many ends wake the loop next; true when it is to deliver what came
  // meanwhile.
  bool WakeAt(int ends);
  void Tell(const ConnectedNote& note);
  void Tell(const ConnectFailedNote& note);
  void Tell(const LostNote& note);
  void Tell(const PublishedNote& note);
  void Tell(const AcknowledgedNote& note);
  void Tell(const DisconnectedNote& note);

  EventLoop* const loop_;
  MqttClient::Listener* listener_ = nullptr;
  int64_t generation_ = 0;
  std::string verify_host_;
  bool will_look_ = false;  // by a timer; always while ends may wait
  Mutex mutex_;
  size_t wake_at_ ABSL_GUARDED_BY(mutex_) = 1;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::pair<int64_t, PahoNote>> notes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PAHO_INBOX_H_
