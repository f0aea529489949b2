// InFlightWindow: the messages of a worker, queued and in flight, in order.
#ifndef MQTTPUSH_WORKERS_WORKER_IN_FLIGHT_WINDOW_H_
#define MQTTPUSH_WORKERS_WORKER_IN_FLIGHT_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "workers/worker/delivery_key.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// What limits the messages in flight.
struct WindowLimits {
  // QoS 1 and 2 together, the broker's Receive Maximum included.
  int messages = 1;
  // The same, while one of QoS 2 is in flight.
  int qos2_messages = 1;

  // The smallest that applies: the configured window, ours, the broker's
  // Receive Maximum (65535 when it named none), and over MQTT 3.1.1 `qos2`,
  // what the broker bears: mosquitto counts QoS 2 against
  // max_inflight_messages (20), and beyond it answers QoS 1 and 2 alike, throws
  // the message away and closes the connection.
  static WindowLimits For(int max_in_flight, int receive_maximum,
                          int protocol_level,
                          int qos2 = limits::kMaxInFlightQos2Mqtt311);
};

// A message that was handed to the MQTT client, or that a stored session has in
// flight.
struct InFlightMessage {
  int64_t token = 0;  // 0: of a stored session, and not asked for again yet
  DeliveryKey delivery;
  int qos = 0;
  size_t bytes = 0;
  int packet_id = 0;
  absl::Time start;         // wall clock
  absl::Duration steady{};  // SteadyNow() at `start`
  bool alone = false;       // nothing else may be in flight with it
  bool resumed = false;     // sent by an earlier connection of the session
  // How it was sent; set when that is not as the control plane asked last.
  std::optional<wire::SentAs> sent_as;
  std::string warning;  // see Result
};

// Pure; not thread-safe. Messages are sent first in, first out: one that does
// not fit yet holds back those behind it.
class InFlightWindow {
 public:
  // QoS 0 needs no acknowledgement; this bounds what the socket has not taken.
  static constexpr int kMaxUnwrittenQos0 = 64;

  // Of a new connection: the window opens with its acknowledgements, so that a
  // broker that has just come back is not met by all it missed at once.
  static constexpr int kFirstWindow = 4;

  // So far the newest message may be ahead of the oldest in flight. Answers
  // come about in the order of sending; without this, one that never comes
  // would let all that is sent behind it pile up.
  static constexpr int kMaxSpan = 10 * limits::kMaxInFlight;

  void SetLimits(WindowLimits limits) { limits_ = limits; }
  WindowLimits limits() const { return limits_; }
  // A new connection: the window is small again, and what was resumed goes
  // first. Packet ids begin at 1 with every connection, and the next one would
  // send all that is then in flight in their order.
  void StartSlowly() {
    opened_ = kFirstWindow;
    resumed_first_ = true;
  }
  // What was resumed has had its time.
  void SendBesideResumed() { resumed_first_ = false; }

  void Enqueue(wire::Publish message) { queue_.push_back(std::move(message)); }
  // Whether the first queued message may be handed over now.
  bool CanSend() const;
  // Takes the first queued message; there must be one.
  wire::Publish Take();
  // Enters a message that was handed over and returns its id: 1, 2, 3, …, never
  // used again.
  int64_t Start(const InFlightMessage& message);
  void SetPacketId(int64_t id, int packet_id);
  // Ends a message; nothing when it is not in flight.
  std::optional<InFlightMessage> Finish(int64_t id);
  // The same by packet id, of QoS 1 and 2.
  std::optional<InFlightMessage> FinishPacket(int packet_id);
  // Gives a message of a stored session, which was not asked for yet, to the
  // one that asks for it. While an `alone` one is in flight no others follow,
  // but those of the session that are in flight are. Null: there is none.
  InFlightMessage* Adopt(DeliveryKey delivery, int64_t token, bool alone);

  // All that is in flight, in the order of sending; leaves none.
  std::vector<InFlightMessage> TakeInFlight();
  // All that is queued, in order; leaves none.
  std::vector<wire::Publish> TakeQueued();

  int in_flight() const { return qos0_ + qos1_ + qos2_; }
  // Of those, the ones that an answer is awaited for.
  int unanswered() const { return qos1_ + qos2_; }
  int queued() const { return static_cast<int>(queue_.size()); }
  // The one sent first; one must be in flight.
  const InFlightMessage& oldest() const { return slots_.front().message; }
  // Whether a message that was sent after the oldest one, at the same QoS,
  // ended before it, which MQTT does not allow (MQTT 5, section 4.6).
  bool overtaken() const;

 private:
  struct Slot {
    InFlightMessage message;
    bool done = false;
  };
  Slot* Find(int64_t id);
  void Count(const InFlightMessage& message, int sign);

  WindowLimits limits_;
  int opened_ = limits::kMaxInFlight;
  std::deque<wire::Publish> queue_;
  // Slot i has id first_id_ + i; the first one is never done.
  std::deque<Slot> slots_;
  int64_t first_id_ = 1;
  absl::flat_hash_map<int, int64_t> ids_;  // by packet id, of those not done
  int64_t last_done_[3] = {};              // the highest id that ended, by QoS
  int unasked_ = 0;                        // with token 0
  int qos0_ = 0;
  int qos1_ = 0;
  int qos2_ = 0;
  int alone_ = 0;
  int resumed_ = 0;
  bool resumed_first_ = false;
  size_t bytes_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_IN_FLIGHT_WINDOW_H_
