#include "workers/worker/broker_call.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "workers/worker/delivery_key.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {

BrokerCall::BrokerCall(EventLoop* loop, MqttClient* client, LinkSink* sink,
                       const wire::Configure* settings,
                       SessionOpener open_session, Hooks hooks)
    : loop_(loop),
      client_(client),
      sink_(sink),
      settings_(settings),
      open_session_(std::move(open_session)),
      hooks_(std::move(hooks)) {}

void BrokerCall::ForgetBroker() {
  server_keep_alive_ = -1;
  cleaning_ = false;
  cleaned_ = false;
}

void BrokerCall::Begin() {
  // Its news would be about settings that are no longer wanted. After what this
  // round still has to say: leaving a connection takes a while.
  loop_->Post([this] {
    if (awaits_permit_) client_->Close();
  });
  if (std::exchange(awaits_permit_, true)) return;
  wire::WorkerMessage message;
  message.mutable_connect_request()->set_probes_first(ProbesFirst());
  sink_->Send(std::move(message));
}

void BrokerCall::OnPermit() {
  // While it was asked for, the answer may have come from elsewhere.
  if (std::exchange(awaits_permit_, false) && hooks_.is_wanted()) Call();
}

// After what this round still has to say: leaving a connection takes a while.
void BrokerCall::Call() {
  loop_->Post([this] {
    // Something else may have been decided meanwhile.
    if (awaits_permit_ || !hooks_.is_wanted()) return;
    probing_ = false;
    if (absl::Status opened = OpenSession(); !opened.ok()) {
      return hooks_.on_failed({.message = std::string(opened.message())});
    }
    probing_ = ProbesFirst();
    probing_ ? CallWithoutSession() : CallWithSession();
  });
}

// Where an answer is missing already, all is doubted whatever a probe may show.
bool BrokerCall::ProbesFirst() const {
  if (session_ == nullptr || cleaning_ || session_->connecting()) return false;
  if (!session_->HasReleased()) {
    return !session_->established() && !session_->probed();
  }
  return probe_.IsNext(SteadyNow(), FromProto(settings_->ack_timeout()));
}

// MQTT 5, section 3.1.3.1: a client id of no bytes names no session. Without
// the login a broker that makes the client id of that (mosquitto's
// use_username_as_clientid) does not take the probe for the link.
void BrokerCall::CallWithoutSession() {
  wire::Configure settings = ForConnection();
  settings.clear_client_id();
  settings.clear_username();
  settings.clear_password();
  client_->Connect(settings, nullptr, hooks_.next_number());
}

void BrokerCall::OnProbeAnswered() {
  probing_ = false;
  probe_.OnProbeAnswered();
  session_->SetProbed();
  // Something else may have been decided meanwhile. Otherwise at once, by the
  // same permit: the less time passes, the less can happen to the broker.
  if (!awaits_permit_ && hooks_.is_wanted()) CallWithSession();
}

void BrokerCall::CallWithSession() {
  expected_ = session_ != nullptr && session_->established();
  Session* session = cleaning_ ? nullptr : session_.get();
  if (session != nullptr) session->BeginConnection();
  client_->Connect(ForConnection(), session, hooks_.next_number());
}

bool BrokerCall::OnConnected(const BrokerLimits& limits, bool wanted) {
  if (probing_) {
    OnProbeAnswered();
    return false;
  }
  probe_.OnCallAnswered();
  if (session_ != nullptr) session_->EndConnection();
  if (wanted && BeginsAgain(limits)) return false;
  if (session_ != nullptr && !limits.session_present) {
    session_->Break(kSessionLost);
    session_->SetEstablished();
  }
  // With other settings another connection was asked for.
  return !awaits_permit_;
}

bool BrokerCall::OnFailed(ConnectFailure& failure) {
  cleaning_ = false;
  if (!probing_) {
    JudgeAnswer(failure.answer);
    return true;
  }
  if (failure.answer == ConnectAnswer::kRead ||
      failure.answer == ConnectAnswer::kLost) {
    OnProbeAnswered();
    return false;
  }
  probing_ = false;
  if (failure.answer == ConnectAnswer::kNone) {
    probe_.OnProbeSilent(SteadyNow());
    if (!session_->HasReleased() && !awaits_permit_ && hooks_.is_wanted()) {
      CallWithSession();
      return false;
    }
    absl::StrAppend(&failure.message,
                    " (asked by a connection without client id, as QoS 2 needs "
                    "to know that the broker answers at all)");
  }
  return true;
}

bool BrokerCall::OnLost() {
  cleaning_ = false;
  if (!probing_) return true;
  OnProbeAnswered();
  return false;
}

bool BrokerCall::AwaitsAnswer() const {
  return !awaits_permit_ && !probing_ && session_ != nullptr &&
         session_->connecting();
}

void BrokerCall::JudgeAnswer(ConnectAnswer answer) {
  if (answer == ConnectAnswer::kNone) {
    probe_.OnCallSilent();
  } else if (answer != ConnectAnswer::kNotAsked) {
    probe_.OnCallAnswered();
  }
  if (session_ == nullptr) return;
  if (answer == ConnectAnswer::kLost || answer == ConnectAnswer::kNone) {
    return session_->LeaveConnection();
  }
  session_->EndConnection();
}

bool BrokerCall::BeginsAgain(const BrokerLimits& limits) {
  if (std::exchange(cleaning_, false)) {
    session_->SetEstablished();
    cleaned_ = true;
    Begin();
    return true;
  }
  // A clean start of MQTT 5 has begun the broker's half afresh.
  // mosquitto 2.0.11 does not save a session that it knows from a clean start
  // only, so the link calls once more.
  if (session_ != nullptr && !session_->established() &&
      settings_->protocol_level() == 5) {
    session_->SetEstablished();
    Begin();
    return true;
  }
  // The broker may hold packet ids of which the session knows nothing, and
  // would take new messages for these (MQTT 3.1.1 has no way to ask for a clean
  // start of a session that is to last).
  if (session_ != nullptr && limits.session_present &&
      !session_->established()) {
    cleaning_ = true;
    Begin();
    return true;
  }
  // A broker may say that it has no session and know packet ids of it all the
  // same, as Aedes does.
  if (session_ != nullptr && !limits.session_present && expected_ &&
      !cleaned_ && settings_->protocol_level() != 5) {
    session_->Break(kSessionLost);
    cleaning_ = true;
    Begin();
    return true;
  }
  cleaned_ = false;
  // MQTT 5, section 3.2.2.3.14. Paho cannot change it on a live connection. A
  // longer one than asked for is not needed, so that this comes to an end.
  const int keep_alive = limits.server_keep_alive;
  if (keep_alive > 0 && keep_alive < ForConnection().keep_alive().seconds()) {
    server_keep_alive_ = keep_alive;
    Begin();
    return true;
  }
  return false;
}

wire::Configure BrokerCall::ForConnection() const {
  wire::Configure settings = *settings_;
  if (server_keep_alive_ > 0 &&
      server_keep_alive_ < settings.keep_alive().seconds()) {
    settings.mutable_keep_alive()->set_seconds(server_keep_alive_);
  }
  return settings;
}

absl::Status BrokerCall::OpenSession() {
  const std::string& path = settings_->persistent_session().path();
  const std::string identity =
      absl::StrCat(settings_->client_id(), " at ", settings_->host(), ":",
                   settings_->port(), ", level ", settings_->protocol_level());
  if (session_ != nullptr && !path.empty() && identity == session_identity_) {
    return absl::OkStatus();
  }
  client_->Close();
  session_.reset();
  if (path.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(session_, open_session_(path, identity));
  session_identity_ = identity;
  probe_ = ProbePolicy(session_->probed());
  wire::WorkerMessage message;
  for (DeliveryKey delivery : session_->ListEnded()) {
    *message.mutable_session_report()->add_ended() = ToProto(delivery);
  }
  if (message.has_session_report()) sink_->Send(std::move(message));
  return absl::OkStatus();
}

void BrokerCall::CloseSession() {
  if (session_ == nullptr) return;
  absl::Status closed = session_->Close();
  if (!closed.ok()) {
    Log::Warning("session_not_closed", {{"error", closed.message()}});
  }
}

void BrokerCall::Forget(const wire::Forget& forget) {
  if (session_ == nullptr) return;
  std::vector<DeliveryKey> deliveries;
  for (const wire::DeliveryId& id : forget.deliveries()) {
    deliveries.push_back(DeliveryKey::Of(id));
  }
  session_->Forget(deliveries);
}

}  // namespace mqttpush
