// BrokerCall: how a worker comes by a connection to its broker.
#ifndef MQTTPUSH_WORKERS_WORKER_BROKER_CALL_H_
#define MQTTPUSH_WORKERS_WORKER_BROKER_CALL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/event_loop.h"
#include "workers/worker/link_client.h"
#include "workers/worker/mqtt_client.h"
#include "workers/worker/probe_policy.h"
#include "workers/worker/session.h"
#include "workers/worker/wire.h"

namespace mqttpush {

// For the loop's thread only. A call may take several connections: a probe, or
// one that throws away what the broker kept of another session, or one that
// teaches what the broker asks for. Only the last is of use. The session lives
// here, because what a connection means for it is decided here.
class BrokerCall {
 public:
  // Opens the session at a path, of an identity.
  using SessionOpener = std::function<absl::StatusOr<std::unique_ptr<Session>>(
      const std::string& path, const std::string& identity)>;
  struct Hooks {
    // Whether a connection is wanted, and not there.
    std::function<bool()> is_wanted;
    // The number of the next connection.
    std::function<int64_t()> next_number;
    // The call did not get as far as to the broker.
    std::function<void(const ConnectFailure&)> on_failed;
  };

  // All must outlive this; `settings` are those of the next connection, at any
  // time.
  BrokerCall(EventLoop* loop, MqttClient* client, LinkSink* sink,
             const wire::Configure* settings, SessionOpener open_session,
             Hooks hooks);

  // Settings of another connection came.
  void ForgetBroker();

  // Asks for leave to call the broker, and calls it once that is given.
  void Begin();
  void OnPermit();
  // What came of a connection. False: the call is not at its end yet. `wanted`:
  // the connection is, with these settings.
  bool OnConnected(const BrokerLimits& limits, bool wanted);
  // May add to the words of a failure that the link alone does not explain.
  bool OnFailed(ConnectFailure& failure);
  // It ended before it was of use, but not as a failed CONNECT does.
  bool OnLost();

  // Of a connection that is being made: whether much depends on reading what
  // the broker says next.
  bool AwaitsAnswer() const;

  // Null for a clean session.
  Session* session() { return session_.get(); }
  void Forget(const wire::Forget& forget);
  // What is in flight goes on with the next worker, even after a restart of the
  // machine.
  void CloseSession();
  // The settings with what the broker asked for.
  wire::Configure ForConnection() const;

 private:
  // True when the connection is not of use yet and another one was begun.
  bool BeginsAgain(const BrokerLimits& limits);
  void Call();
  // Whether the call begins with a probe. At the beginning of a session nothing
  // depends on one, but it is known then whether the broker answers them.
  bool ProbesFirst() const;
  // Makes a connection that only shows whether the broker answers.
  void CallWithoutSession();
  void OnProbeAnswered();
  void CallWithSession();
  // A call failed: what that says about the session.
  void JudgeAnswer(ConnectAnswer answer);
  // Opens the session that the settings ask for, or none.
  absl::Status OpenSession();

  EventLoop* const loop_;
  MqttClient* const client_;
  LinkSink* const sink_;
  const wire::Configure* const settings_;
  const SessionOpener open_session_;
  const Hooks hooks_;

  std::unique_ptr<Session> session_;
  std::string session_identity_;
  bool awaits_permit_ = false;
  // The client's half of the session is new, but the broker's is not: it is
  // being thrown away by a clean connection.
  bool cleaning_ = false;
  bool cleaned_ = false;   // it has been, by the connection before
  bool expected_ = false;  // the broker is asked for a session that it had
  ProbePolicy probe_;
  bool probing_ = false;  // the connection being made is a probe
  // Seconds, what the broker of these settings asked for; -1: nothing.
  int server_keep_alive_ = -1;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_BROKER_CALL_H_
