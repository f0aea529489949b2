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
#include "workers/worker/wire.h"

namespace mqttpush {

// Grants credit, publishes as far as the window allows, watches that
// acknowledgements come, and reports what became of every message. For the
// loop's thread only.
class MessageFlow {
 public:
  struct Events {
    // Something is in flight, and no acknowledgement came for too long.
    std::function<void()> on_ack_timeout;
    // The connection refused a message though it seemed up.
    std::function<void(const std::string&)> on_broken;
    // Nothing is in flight any more, while closed.
    std::function<void()> on_empty;
  };

  // All must outlive this.
  MessageFlow(EventLoop* loop, const Clock* clock, MqttClient* client,
              LinkSink* sink, Events events);

  // A connection is up: begins an epoch and grants credit.
  void Open(const BrokerLimits& limits, const wire::Configure& settings);
  // Settings that need no new connection: the window and the ack timeout.
  void Adjust(const wire::Configure& settings);
  // Revokes the credit and hands back what is queued; what is in flight goes
  // on.
  void Close();

  // Publishes, or hands back what does not belong to this epoch.
  void Accept(wire::PublishBatch batch);
  // `id` ended.
  void Finish(int64_t id, const PublishOutcome& outcome);
  // The connection is gone: all in flight is LINK_LOST, all queued NOT_SENT.
  // With `timed_out`, the oldest in flight is ACK_TIMEOUT. One Results message;
  // the credit is revoked by Close.
  void LoseAll(const std::string& message, bool timed_out = false);

  // Sends results that wait for the end of the loop's round.
  void Flush();

  int in_flight() const { return window_.in_flight(); }
  // The last acknowledgement of any connection; InfinitePast for none.
  absl::Time last_ack() const { return last_ack_; }
  // Whether this epoch got a message through; of QoS 0 a write counts.
  bool acknowledged() const { return acknowledged_; }

 private:
  void SendAllThatFit();
  void SendNext();
  // Why the broker is known not to take the message; OK when it may.
  PublishOutcome CheckLimits(const wire::Publish& message) const;
  void GrantCredit(int limit);
  void ArmWatchdog();
  void CheckProgress();
  absl::Duration UntilTimeout() const;

  void AddNotSent(int64_t token, const std::string& message);
  void AddEnded(const InFlightMessage& message, wire::Result::Outcome outcome,
                const std::string& error);
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
  int protocol_level_ = 4;
  absl::Duration ack_timeout_ = absl::Seconds(30);
  int64_t epoch_ = 0;
  bool open_ = false;
  bool acknowledged_ = false;
  absl::Time last_ack_ = absl::InfinitePast();
  absl::Duration last_progress_{};  // steady clock
  bool watchdog_armed_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MESSAGE_FLOW_H_
