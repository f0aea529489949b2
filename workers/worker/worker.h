// Worker: keeps one link to one broker, as the control plane wants it.
#ifndef MQTTPUSH_WORKERS_WORKER_WORKER_H_
#define MQTTPUSH_WORKERS_WORKER_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/event_loop.h"
#include "workers/worker/backoff.h"
#include "workers/worker/broker_call.h"
#include "workers/worker/link_state.h"
#include "workers/worker/message_flow.h"
#include "workers/worker/mqtt_client.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// For the loop's thread only. link_state.h decides, this acts: it connects,
// waits, opens and closes the flow of messages, and says how the link is.
class Worker : private MqttClient::Listener {
 public:
  // Ends the process with a code (exit_codes.h, or 0), after the stream has
  // said all.
  using Exit = std::function<void(int)>;

  // All must outlive this.
  Worker(EventLoop* loop, const Clock* clock, MqttClient* client,
         LinkSink* sink, BrokerCall::SessionOpener open_session,
         Backoff::Random random, Exit exit);

  void OnControl(wire::ControlMessage message);
  // The control plane is gone, and nothing can be reported any more.
  void OnControlLost();

 private:
  // What is done once nothing is in flight any more.
  enum class Goal { kServe, kReconnect, kExit };

  void OnConnected(const BrokerLimits& limits) override;
  void OnConnectFailed(const ConnectFailure& failure) override;
  void OnConnectionLost(const ConnectionLoss& loss) override;
  void OnPublished(int64_t id, PublishOutcome outcome,
                   absl::Duration end) override;
  void OnAcknowledged(int packet_id, const WireEvidence& evidence) override;
  void OnDisconnected() override;

  void Configure(wire::Configure settings);
  void Drain();
  // Takes no more messages and pursues `goal` when those in flight have ended,
  // or at `deadline`.
  void Quiesce(Goal goal, absl::Duration deadline);
  void OnQuiet();
  void ExitNow(int code);
  // Ends the worker, without a connection. An answer to CONNECT on which much
  // depends is waited for.
  void Leave();
  bool IsCalling() const;
  bool AwaitsAnswer() const;
  void LeaveNow();
  // The connection that is being made is not wanted any more, as settings have
  // changed: begins anew.
  void Reconfigure();

  void Answer();

  void Handle(LinkEvent event);
  void RetryAfter(absl::Duration delay);
  // The backoff learns how long it was stable: until `stable_until`, of
  // SteadyNow().
  void EndConnection(absl::Duration stable_until);
  // After a stall: the broker has proved itself when it acknowledges.
  void ProveByAcknowledgement();
  void ProveLater();
  void TryQos2Later();
  void EndLink(const LossCause& cause, LinkEvent event);
  // What the losses so far suggest; empty for nothing.
  std::string HintOf(const LossCause& cause);
  void Report();
  void ReportAckLater();

  // A timer that can be set anew. `serial` tells a run that was cancelled too
  // late from the present one.
  struct Timer {
    std::optional<EventLoop::TimerId> id;
    int64_t serial = 0;
  };
  void Arm(Timer& timer, absl::Duration delay, EventLoop::Task task);
  void Cancel(Timer& timer);

  EventLoop* const loop_;
  const Clock* const clock_;
  MqttClient* const client_;
  LinkSink* const sink_;
  const Exit exit_;
  Backoff backoff_;
  MessageFlow flow_;
  wire::Configure settings_;
  BrokerCall call_;
  int hang_ups_ = 0;          // of the broker, in a row, soon after CONNACK
  bool reconfigure_ = false;  // once the broker has answered
  WorkerLinkState state_ = WorkerLinkState::kIdle;
  absl::Time since_ = absl::InfinitePast();  // of the state that is shown
  absl::Duration connected_{};               // SteadyNow(), of the last time
  absl::Time next_connect_ = absl::InfinitePast();
  std::string last_error_;
  BrokerLimits limits_;
  Goal goal_ = Goal::kServe;
  absl::Time reported_ack_ = absl::InfinitePast();

  Timer retry_timer_;
  Timer quiet_timer_;
  Timer report_timer_;
  Timer proof_timer_;
  Timer trial_timer_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WORKER_H_
