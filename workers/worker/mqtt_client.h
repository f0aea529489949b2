// MqttClient: one connection at a time to one broker.
#ifndef MQTTPUSH_WORKERS_WORKER_MQTT_CLIENT_H_
#define MQTTPUSH_WORKERS_WORKER_MQTT_CLIENT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "workers/worker/connect_diagnostics.h"
#include "workers/worker/session.h"
#include "workers/worker/wire.h"
#include "workers/worker/wire_log.h"

namespace mqttpush {

// What the broker said when it accepted the connection.
struct BrokerLimits {
  std::string address;  // the peer's, "192.0.2.7:8883"
  bool session_present = false;
  // MQTT 5 only; the values here are those that apply when it says nothing.
  int receive_maximum = 65535;
  int64_t maximum_packet_size = INT64_MAX;
  int maximum_qos = 2;
  bool retain_available = true;
  // Seconds; -1 when it did not override ours.
  int server_keep_alive = -1;
  std::string assigned_client_id;  // empty: ours
  bool told = false;               // MQTT 5: the broker could say all this
  int topic_alias_maximum = 0;
  // Seconds; -1 when it did not override ours.
  int64_t session_expiry = -1;
};

// How a connection that was up ended.
struct ConnectionLoss {
  std::string message;
  int reason_code = 0;        // of the broker's DISCONNECT; 0 for none
  std::string reason_string;  // of it
  // Otherwise we did, or the network failed.
  bool by_broker = true;
};

// How a publication of QoS 0 ended, or why one of QoS 1 or 2 could not begin.
enum class PublishOutcome {
  kWritten,
  kWriteFailed,  // and OnConnectionLost follows
  kPoisoned,     // and the library neither: it would send freed memory
};

// Not thread-safe: one thread calls it and is called by it (an event loop's).
class MqttClient {
 public:
  // Told what happens to the connection made last; news of earlier ones are
  // dropped.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnConnected(const BrokerLimits& limits) = 0;
    virtual void OnConnectFailed(const ConnectFailure& failure) = 0;
    // A connection that was up ended.
    virtual void OnConnectionLost(const ConnectionLoss& loss) = 0;
    // Ends the publication `id` of QoS 0. Neither this nor the next is called
    // for what is in flight when a connection ends. `end` is SteadyNow() of
    // that moment.
    virtual void OnPublished(int64_t id, PublishOutcome outcome,
                             absl::Duration end) = 0;
    // Ends a publication of QoS 1 or 2, with a yes or a no.
    virtual void OnAcknowledged(int packet_id,
                                const WireEvidence& evidence) = 0;
    // After Disconnect.
    virtual void OnDisconnected() = 0;
  };

  virtual ~MqttClient() = default;
  // Before the first Connect. `listener` must outlive this.
  virtual void SetListener(Listener* listener) = 0;
  // Leaves the present connection, if any, and begins another. It goes on with
  // `session`, which must outlive it; null: it begins with nothing and leaves
  // nothing behind. `number` is noted in the session with what ends.
  virtual void Connect(const wire::Configure& settings, Session* session,
                       int64_t number) = 0;
  // Publishes on the present connection; `id` comes back in OnPublished.
  // Returns the packet id, 0 for QoS 0. INVALID_ARGUMENT: the message itself is
  // not possible; UNAVAILABLE: the connection is not up, and OnConnectionLost
  // follows; others: the connection is no longer to be trusted.
  virtual absl::StatusOr<int> Publish(int64_t id,
                                      const wire::Publish& message) = 0;
  // The next `count` ends of messages may be told together, and need not be
  // told sooner than they have all come or some 20 ms have passed. Until they
  // have, or the next call; then each end is told at once, as all other news
  // are.
  virtual void AwaitEnds(int count) = 0;
  // What the wire has seen of a message that is not acknowledged, for the last
  // time.
  virtual WireEvidence TakeEvidence(int packet_id) = 0;
  // From now on nothing reaches the broker over the present connection: what
  // the wire has not seen until then was not sent.
  virtual void StopWriting() = 0;
  // How long the broker has sent nothing.
  virtual absl::Duration Silence() const = 0;
  // Sends DISCONNECT; OnDisconnected follows.
  virtual void Disconnect() = 0;
  // Leaves the present connection at once, if there is one. May take a second.
  virtual void Close() = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MQTT_CLIENT_H_
