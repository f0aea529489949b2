// MessageFlow: what a worker has to publish, from batch to result.
#ifndef MQTTPUSH_WORKERS_WORKER_MESSAGE_FLOW_H_
#define MQTTPUSH_WORKERS_WORKER_MESSAGE_FLOW_H_

#include <functional>
#include <string>

#include "common/clock.h"
#include "common/event_loop.h"
#include "workers/worker/in_flight_window.h"
#include "workers/worker/link_client.h"
#include "workers/worker/mqtt_client.h"
#include "workers/worker/qos2_doubts.h"
#include "workers/worker/session.h"
#include "workers/worker/suspect.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// Why a connection is gone.
struct LossCause {
  LossBy by = LossBy::kUs;
  ConnectionLoss loss;
};

// Grants credit, publishes as far as the window allows, watches that
// acknowledgements come, and reports what became of every message. For the
// loop's thread only.
class MessageFlow {
 public:
  struct Events {
    // The broker is silent for too long, altogether or about one message.
    std::function<void(const LossCause&)> on_stalled;
    // The connection refused a message though it seemed up.
    std::function<void(const std::string&)> on_broken;
    // Nothing is in flight any more, while closed.
    std::function<void()> on_empty;
  };

  // All must outlive this.
  MessageFlow(EventLoop* loop, const Clock* clock, MqttClient* client,
              LinkSink* sink, Events events);

  // A connection is up: begins an epoch and grants credit. What `session`, null
  // for a clean one, has in flight is in flight.
  void Open(const BrokerLimits& limits, const wire::Configure& settings,
            Session* session);
  // Settings that need no new connection: the window and the ack timeout.
  void Adjust(const wire::Configure& settings);
  // Revokes the credit and hands back what is queued; what is in flight goes
  // on.
  void Close();

  // Publishes, or hands back what does not belong to this epoch. What the
  // session has in flight, or knows to have ended, is not published again.
  void Accept(wire::PublishBatch batch);
  // `id`, of QoS 0, ended; `end` is SteadyNow() of then.
  void Finish(int64_t id, PublishOutcome outcome, absl::Duration end);
  // The broker answered to a message of QoS 1 or 2.
  void Acknowledge(int packet_id, const WireEvidence& evidence);
  // The connection is gone: all in flight is LINK_LOST, all queued NOT_SENT,
  // in one Results message. The credit is revoked by Close.
  void LoseAll(const LossCause& cause);

  // Sends results that wait for the end of the loop's round.
  void Flush();

  int in_flight() const { return window_.in_flight(); }
  // What the losses so far suggest, to be put behind the words of the last one;
  // empty for nothing.
  std::string hint() const { return qos2_.hint(); }
  // The highest QoS that the broker was not seen to hang up on.
  int maximum_qos() const { return qos2_.maximum_qos(); }
  void GiveQos2AnotherChance() { qos2_.GiveAnotherChance(); }
  // The next connection is to another broker, or another one to it.
  void ForgetBroker() { qos2_ = Qos2Doubts(); }
  // Counts the connections, from 1.
  int64_t epoch() const { return epoch_; }
  // The last acknowledgement of any connection; InfinitePast for none.
  absl::Time last_ack() const { return last_ack_; }
  // SteadyNow() of this epoch's last acknowledgement or, later, of the first
  // message in flight; of its beginning before that.
  absl::Duration last_progress() const { return last_progress_; }
  // Whether this epoch got a message through; of QoS 0 a write counts.
  bool acknowledged() const { return acknowledged_; }

 private:
  void SendAllThatFit();
  int deferred() const;
  void SendDeferred();
  void SendNext();
  // Tells the client, at the end of the round, how many ends are worth a word.
  void SetWindow();
  void AwaitEndsLater();
  // True when the session answers for the message.
  bool TakenBySession(const wire::Publish& message);
  void Publish(InFlightMessage entry, const wire::Publish& message);
  void GrantCredit(int limit);
  void Watch();
  void CheckProgress();

  // Over MQTT 3.1.1 a broker cannot say which QoS it allows.
  void NoteCut(const InFlightMessage& message, int count);
  // What the loss of `message`, the first of `count`, says about it. Gives up a
  // session that it would end again and again.
  Blame Judge(const LossCause& cause, const InFlightMessage& message,
              const WireEvidence& evidence, int count);

  void AddNotSent(int64_t token, const std::string& message);
  void AddEnded(const wire::Publish& message, const wire::SessionEnd& end);
  void AddAnswered(const InFlightMessage& message,
                   const WireEvidence& evidence);
  void AddLost(const InFlightMessage& message, const WireEvidence& evidence,
               const LossCause& cause, Blame blame);
  // A result with all that is known of the message's time on the wire. `end` is
  // SteadyNow() of its end, unless an answer of the broker's was.
  wire::Result* AddSent(const InFlightMessage& message,
                        const WireEvidence& evidence,
                        wire::Result::Outcome outcome, const std::string& error,
                        absl::Duration end);
  wire::Result* AddResult(int64_t token, wire::Result::Outcome outcome,
                          const std::string& error);

  EventLoop* const loop_;
  const Clock* const clock_;
  MqttClient* const client_;
  LinkSink* const sink_;
  const Events events_;
  InFlightWindow window_;
  wire::Results results_;
  BrokerLimits limits_;
  Session* session_ = nullptr;
  int protocol_level_ = 4;
  absl::Duration keep_alive_{};
  absl::Duration ack_timeout_ = absl::Seconds(30);
  int64_t epoch_ = 0;
  bool open_ = false;
  bool awaits_ends_later_ = false;
  bool acknowledged_ = false;
  absl::Time last_ack_ = absl::InfinitePast();
  absl::Duration last_progress_{};                       // SteadyNow()
  absl::Duration next_look_ = absl::InfiniteDuration();  // SteadyNow()
  Suspect suspect_;
  int max_in_flight_ = 1;
  Qos2Doubts qos2_;
  int64_t watch_ = 0;  // tells a watchdog that was replaced from the present
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MESSAGE_FLOW_H_
