// Session: the client's half of a persistent MQTT session, kept in a file.
//
// It remembers, over the end of connections and of the process, which packets
// are in flight, which delivery each belongs to, and how deliveries ended until
// the control plane has that on disk. By it a delivery is published once.
//
// A file is trusted only when it cannot have lost anything: written in this
// boot of the machine, or closed in order before. Otherwise, and when the
// broker has lost its half or is another one, the session begins afresh; what
// was in flight is then uncertain: it is sent again and may arrive twice.
#ifndef MQTTPUSH_WORKERS_WORKER_SESSION_H_
#define MQTTPUSH_WORKERS_WORKER_SESSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/mutex.h"
#include "workers/worker/delivery_key.h"
#include "workers/worker/session_file.h"
#include "workers/worker/wire.h"
#include "workers/worker/wire_log.h"

namespace mqttpush {

// A message that the session has in flight.
struct StoredMessage {
  DeliveryKey delivery;
  int packet_id = 0;
  size_t bytes = 0;
  wire::SentAs sent_as;
};

// The packet id in a key of Paho's: the 7 of "s-7", "s5-7", "sc-7" and "sc5-7";
// 0 for the keys of other things.
int PacketIdOfKey(absl::string_view key);

// Why a delivery is uncertain whose session the broker does not know any more.
inline constexpr char kSessionLost[] =
    "the broker had lost its session (session present 0): exactly once could "
    "not be kept, the message may arrive twice";

// Of a message that is sent from PUBLISH on again: see BeginConnection.
inline constexpr char kUnanswered[] =
    "a connection ended before the broker said whether it still had the "
    "session: the message was sent again under its packet id, and may arrive "
    "twice if the broker had finished it";

// Of a session that sent again, with each connection, a message on which the
// broker ended it.
inline constexpr char kGivenUp[] =
    "the broker ended the connection on one message again and again, and the "
    "session was begun afresh: exactly once could not be kept, the message may "
    "arrive twice";

// Of a message whose broker answers QoS 2 as if it were QoS 1.
inline constexpr char kDowngraded[] =
    "the broker answered QoS 2 with PUBACK: it gives QoS 1 only, the message "
    "may arrive twice after a lost connection";

// Thread-safe: Paho's threads put and remove packets while the loop asks.
class Session {
 public:
  struct Options {
    std::string path;
    // Broker and client: a session belongs to both.
    std::string identity;
    std::string boot_id;
    // Called when the file cannot be written. Nothing may go to the broker any
    // more that the file does not know: it must end the process.
    std::function<void(const absl::Status&)> on_broken;
    // True: from now on it matters that the answer to CONNECT is read.
    std::function<void(bool)> on_connecting = [](bool) {};
  };
  // UNAVAILABLE while another process has the file.
  static absl::StatusOr<std::unique_ptr<Session>> Open(Options options);
  ~Session();

  // Whether the broker's half has been begun afresh for this file. Before
  // that, the broker may hold packet ids that this side knows nothing of.
  bool established() const;
  void SetEstablished();

  // Whether the broker has answered a probe (probe_policy.h).
  bool probed() const;
  void SetProbed();

  // The next packet with this id is a PUBLISH of this message.
  void Bind(int packet_id, const wire::Publish& message);
  // Paho's persistence; keys are described in session_file.proto. QoS 1 is not
  // kept: a broker has no memory of it, and what dispatch sends again has an
  // attempt, unlike what Paho would by itself.
  void Put(const std::string& key, std::string packet);
  std::optional<std::string> Get(const std::string& key) const;
  std::vector<std::string> Keys() const;
  // The message of this packet id ended.
  void End(int packet_id, const WireEvidence& evidence);

  // Before each CONNECT, and when the broker has answered or CONNECT was never
  // written. A broker that has lost its session makes a new one when it sees
  // CONNECT. If its answer is not read, because this process ends or because it
  // comes mutilated or not at all, the next answer will say that there is a
  // session, and PUBREL would be acknowledged by a broker that never had the
  // message. So what is past PUBREC is then sent from PUBLISH on, under its
  // packet id: a broker that has it still knows that; one that has finished it
  // takes it twice, hence the warning.
  //
  // A balancer whose broker is not there ends a connection without a byte, too,
  // and every restart of the broker would double messages. So while any is past
  // PUBREC a probe goes before CONNECT (probe_policy.h).
  //
  // Paho sends what is in flight in the order of the packet ids, which begin at
  // 1 with every connection. What was sent later under a smaller one is
  // deferred: Keys() keeps it for the connection after this one.
  void BeginConnection();
  void EndConnection();
  // The connection is over, and its answer is missing.
  void LeaveConnection();
  // Whether it matters that the answer is read: one is awaited, and PUBREL
  // would be sent again. Who can leave later should.
  bool connecting() const;
  // Whether a message is past PUBREC.
  bool HasReleased() const;

  // How many messages the present connection does not send.
  int deferred() const;
  // Nothing is deferred until a message ends: the broker may never answer the
  // one that the others wait for.
  void DeferNone();

  // The broker has lost its half; what is in flight becomes uncertain.
  void Break(const std::string& why);

  // In the order of sending.
  std::vector<StoredMessage> ListInFlight() const;
  // How a delivery ended; absent when it has not, or is forgotten.
  std::optional<wire::SessionEnd> FindEnded(DeliveryKey delivery) const;
  std::vector<DeliveryKey> ListEnded() const;
  void Forget(const std::vector<DeliveryKey>& deliveries);
  // Why the broker may have had a delivery before it is, or was, published
  // anew; empty when it had not.
  std::string WhyUncertain(DeliveryKey delivery) const;

  // Nothing follows: brings all to the disk, so that the next boot may trust
  // it.
  absl::Status Close();

 private:
  struct InFlight {
    int64_t order = 0;
    DeliveryKey delivery;
    wire::SentAs sent_as;
    std::map<std::string, std::string> packets;  // by Paho's key
  };
  struct Bound {
    DeliveryKey delivery;
    wire::SentAs sent_as;
  };

  explicit Session(Options options) : options_(std::move(options)) {}

  // Each takes one record of the file.
  void Apply(const wire::SessionRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyPacket(const wire::SessionPacket& packet)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Defer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::map<int64_t, int> PacketIdsByOrder() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyConnecting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyReleased() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyBroken(const std::string& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Doubt(DeliveryKey delivery, const std::string& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Applies it and writes it.
  void Record(wire::SessionRecord record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Compact() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  SessionFile file_ ABSL_GUARDED_BY(mutex_);
  size_t compacted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool established_ ABSL_GUARDED_BY(mutex_) = false;
  bool probed_ ABSL_GUARDED_BY(mutex_) = false;
  bool connecting_ ABSL_GUARDED_BY(mutex_) = false;
  bool may_defer_ ABSL_GUARDED_BY(mutex_) = true;
  std::set<int> deferred_ ABSL_GUARDED_BY(mutex_);  // packet ids
  int64_t next_order_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int, InFlight> in_flight_ ABSL_GUARDED_BY(mutex_);  // by packet id
  std::map<int, Bound> bound_ ABSL_GUARDED_BY(mutex_);         // by packet id
  std::map<DeliveryKey, wire::SessionEnd> ended_ ABSL_GUARDED_BY(mutex_);
  std::map<DeliveryKey, std::string> uncertain_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_SESSION_H_
