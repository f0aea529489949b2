#include "workers/worker/worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/logging.h"
#include "common/steady_time.h"
#include "google/protobuf/util/message_differencer.h"
#include "workers/link/exit_codes.h"
#include "workers/process/clean_text.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kDrainTimeout = absl::Seconds(5);
constexpr absl::Duration kDisconnectTimeout = absl::Seconds(2);
// So many connections in a row that the broker closed so soon are no chance. A
// broker of MQTT 3.1.1 cannot say that another client took the session over.
constexpr int kHangUpsBeforeHint = 3;
constexpr absl::Duration kShortConnection = absl::Seconds(60);
constexpr absl::Duration kAnswerTimeout = absl::Seconds(5);
// An hour, at the usual longest backoff of two minutes.
constexpr int kBackoffsToTrial = 30;
// Every acknowledgement is news, but not worth a message.
constexpr absl::Duration kAckReportInterval = absl::Seconds(1);

wire::LinkStatus::State ToProto(WorkerLinkState state) {
  switch (state) {
    case WorkerLinkState::kIdle:
      break;
    case WorkerLinkState::kConnecting:
      return wire::LinkStatus::CONNECTING;
    case WorkerLinkState::kConnected:
      return wire::LinkStatus::CONNECTED;
    case WorkerLinkState::kBackingOff:
      return wire::LinkStatus::BACKING_OFF;
    case WorkerLinkState::kRefused:
      return wire::LinkStatus::REFUSED;
    case WorkerLinkState::kStalled:
    case WorkerLinkState::kReplacing:
    case WorkerLinkState::kUnproven:
      return wire::LinkStatus::STALLED;
  }
  return wire::LinkStatus::STATE_UNSPECIFIED;
}

wire::BrokerLimits LimitsToProto(const BrokerLimits& limits) {
  wire::BrokerLimits proto;
  proto.set_maximum_qos(limits.maximum_qos);
  proto.set_retain_available(limits.retain_available);
  if (limits.maximum_packet_size != INT64_MAX) {
    proto.set_maximum_packet_size(limits.maximum_packet_size);
  }
  proto.set_receive_maximum(limits.receive_maximum);
  proto.set_server_keep_alive(limits.server_keep_alive);
  proto.set_assigned_client_id(
      CleanText(limits.assigned_client_id, limits::kMaxErrorMessageBytes));
  proto.set_told(limits.told);
  proto.set_topic_alias_maximum(limits.topic_alias_maximum);
  proto.set_session_expiry(limits.session_expiry);
  return proto;
}

// Whether the two ask for the same connection; the rest of the settings can
// change under it.
bool SameConnection(wire::Configure a, wire::Configure b) {
  for (wire::Configure* settings : {&a, &b}) {
    settings->clear_max_in_flight();
    settings->clear_ack_timeout();
    settings->clear_connect_backoff_base();
    settings->clear_connect_backoff_max();
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

}  // namespace

Worker::Worker(EventLoop* loop, const Clock* clock, MqttClient* client,
               LinkSink* sink, BrokerCall::SessionOpener open_session,
               Backoff::Random random, Exit exit)
    : loop_(loop),
      clock_(clock),
      client_(client),
      sink_(sink),
      exit_(std::move(exit)),
      backoff_(std::move(random)),
      flow_(loop, clock, client, sink,
            {.on_stalled =
                 [this](const LossCause& cause) {
                   EndLink(cause, LinkEvent::kStalled);
                 },
             .on_broken =
                 [this](const std::string& error) {
                   EndLink({LossBy::kUs, {error}}, LinkEvent::kLinkLost);
                 },
             .on_empty = [this] { OnQuiet(); }}),
      call_(
          loop, client, sink, &settings_, std::move(open_session),
          {.is_wanted = [this] { return goal_ != Goal::kExit && IsCalling(); },
           .next_number = [this] { return flow_.epoch() + 1; },
           .on_failed =
               [this](const ConnectFailure& failure) {
                 OnConnectFailed(failure);
               }}) {
  client_->SetListener(this);
}

void Worker::OnControl(wire::ControlMessage message) {
  switch (message.message_case()) {
    case wire::ControlMessage::kConfigure:
      return Configure(std::move(*message.mutable_configure()));
    case wire::ControlMessage::kPublishBatch:
      return flow_.Accept(std::move(*message.mutable_publish_batch()));
    case wire::ControlMessage::kDrain:
      return Drain();
    case wire::ControlMessage::kConnectPermit:
      return call_.OnPermit();
    case wire::ControlMessage::kForget:
      return call_.Forget(message.forget());
    case wire::ControlMessage::kPing:
      return Answer();
    case wire::ControlMessage::MESSAGE_NOT_SET:
      return;
  }
}

void Worker::Configure(wire::Configure settings) {
  if (goal_ == Goal::kExit) return;
  const bool same = SameConnection(settings_, settings);
  if (!same) {
    call_.ForgetBroker();
    flow_.ForgetBroker();
  }
  settings_ = std::move(settings);
  backoff_.SetLimits(FromProto(settings_.connect_backoff_base()),
                     FromProto(settings_.connect_backoff_max()));
  if (IsUp(state_)) {
    if (!same) {
      Quiesce(Goal::kReconnect, FromProto(settings_.ack_timeout()));
    } else if (goal_ == Goal::kServe) {
      flow_.Adjust(settings_);
    }
  } else if (same && IsCalling()) {
    return;
  } else if (AwaitsAnswer()) {
    reconfigure_ = true;
    Arm(quiet_timer_, kAnswerTimeout, [this] { Reconfigure(); });
  } else {
    Reconfigure();
  }
}

void Worker::Reconfigure() {
  reconfigure_ = false;
  Cancel(quiet_timer_);
  backoff_.Reset();
  Handle(LinkEvent::kConfigured);
}

void Worker::Drain() {
  if (goal_ == Goal::kExit) return;
  if (IsUp(state_)) {
    Quiesce(Goal::kExit, kDrainTimeout);
  } else {
    Leave();
  }
}

void Worker::OnControlLost() {
  if (!AwaitsAnswer()) return ExitNow(0);
  Leave();
}

void Worker::Leave() {
  goal_ = Goal::kExit;
  if (!AwaitsAnswer()) return LeaveNow();
  Arm(quiet_timer_, kAnswerTimeout, [this] { LeaveNow(); });
}

bool Worker::IsCalling() const {
  return state_ == WorkerLinkState::kConnecting ||
         state_ == WorkerLinkState::kReplacing;
}

bool Worker::AwaitsAnswer() const {
  return IsCalling() && call_.AwaitsAnswer();
}

void Worker::LeaveNow() {
  client_->Close();
  call_.CloseSession();
  ExitNow(0);
}

void Worker::Quiesce(Goal goal, absl::Duration deadline) {
  goal_ = goal;
  flow_.Close();
  if (flow_.in_flight() == 0) return OnQuiet();
  Arm(quiet_timer_, deadline, [this] {
    flow_.LoseAll(
        {LossBy::kUs, {"connection closed before the acknowledgement"}});
    OnQuiet();
  });
}

void Worker::OnQuiet() {
  Cancel(quiet_timer_);
  switch (std::exchange(goal_, Goal::kServe)) {
    case Goal::kServe:
      return;
    case Goal::kReconnect:
      flow_.Flush();
      EndConnection(SteadyNow());
      backoff_.Reset();
      return Handle(LinkEvent::kConfigured);
    case Goal::kExit:
      goal_ = Goal::kExit;
      flow_.Flush();
      call_.CloseSession();
      client_->Disconnect();
      Arm(quiet_timer_, kDisconnectTimeout, [this] { ExitNow(0); });
      return;
  }
}

void Worker::OnDisconnected() {
  if (goal_ == Goal::kExit) ExitNow(0);
}

void Worker::ExitNow(int code) {
  goal_ = Goal::kExit;
  Cancel(retry_timer_);
  Cancel(quiet_timer_);
  flow_.Flush();
  exit_(code);
}

void Worker::OnConnected(const BrokerLimits& limits) {
  const bool leaving = goal_ == Goal::kExit;
  if (!call_.OnConnected(limits, !leaving && !reconfigure_)) return;
  limits_ = limits;
  limits_.maximum_qos = std::min(limits.maximum_qos, flow_.maximum_qos());
  if (leaving) return LeaveNow();
  if (reconfigure_) return Reconfigure();
  Handle(LinkEvent::kConnected);
}

void Worker::OnConnectFailed(const ConnectFailure& connect_failure) {
  ConnectFailure failure = connect_failure;
  if (!call_.OnFailed(failure)) return;
  last_error_ = failure.message;
  if (goal_ == Goal::kExit) return LeaveNow();
  if (reconfigure_) return Reconfigure();
  Handle(failure.refused ? LinkEvent::kConnectRefused
                         : LinkEvent::kConnectFailed);
}

void Worker::OnConnectionLost(const ConnectionLoss& loss) {
  const bool blames = loss.by_broker && MayBeAboutAMessage(loss.reason_code);
  EndLink({blames ? LossBy::kBroker : LossBy::kUs, loss},
          EventOfDisconnect(loss.reason_code));
}

void Worker::EndLink(const LossCause& cause, LinkEvent event) {
  // It may be told twice; the first is told with the reason.
  if (state_ == WorkerLinkState::kBackingOff ||
      state_ == WorkerLinkState::kStalled ||
      state_ == WorkerLinkState::kRefused) {
    return;
  }
  if (!IsUp(state_) && !call_.OnLost()) return;
  last_error_ = cause.loss.message;
  if (!IsUp(state_)) {
    if (goal_ == Goal::kExit) return LeaveNow();
    return reconfigure_ ? Reconfigure() : Handle(event);
  }
  flow_.LoseAll(cause);
  last_error_ += HintOf(cause);
  if (goal_ != Goal::kServe) return OnQuiet();
  EndConnection(event == LinkEvent::kStalled ? flow_.last_progress()
                                             : SteadyNow());
  Handle(event);
  flow_.Close();
}

std::string Worker::HintOf(const LossCause& cause) {
  const bool hung_up =
      cause.by == LossBy::kBroker && cause.loss.reason_code == 0;
  const bool soon = SteadyNow() - connected_ < kShortConnection;
  hang_ups_ = hung_up && soon ? hang_ups_ + 1 : 0;
  if (cause.by == LossBy::kBroker && !flow_.hint().empty()) return flow_.hint();
  if (hang_ups_ < kHangUpsBeforeHint) return "";
  return absl::StrCat(
      "; the broker closes each connection soon after it is "
      "up: another client may be using the client id ",
      settings_.client_id(), ", or the broker refuses a message");
}

void Worker::OnPublished(int64_t id, PublishOutcome outcome,
                         absl::Duration end) {
  if (outcome == PublishOutcome::kPoisoned) {
    Log::Error("write_guard_failed");
    flow_.LoseAll({LossBy::kUs, {"connection lost while writing"}});
    return ExitNow(kExitLibraryPoisoned);
  }
  flow_.Finish(id, outcome, end);
  ProveByAcknowledgement();
}

void Worker::OnAcknowledged(int packet_id, const WireEvidence& evidence) {
  flow_.Acknowledge(packet_id, evidence);
  if (flow_.last_ack() > reported_ack_) ReportAckLater();
  ProveByAcknowledgement();
}

void Worker::ProveByAcknowledgement() {
  if (state_ == WorkerLinkState::kUnproven && flow_.acknowledged()) {
    Handle(LinkEvent::kProven);
  }
}

// With nothing to acknowledge the broker cannot prove itself, nor fail to. What
// is in flight by then is acknowledged, or stalls.
void Worker::ProveLater() {
  Arm(proof_timer_, FromProto(settings_.ack_timeout()), [this] {
    if (flow_.in_flight() == 0) Handle(LinkEvent::kProven);
  });
}

// A broker that was seen to hang up on QoS 2 may have been mended, and with
// nothing of QoS 2 sent to it nobody would know.
void Worker::TryQos2Later() {
  if (trial_timer_.id.has_value()) return;
  const absl::Duration delay =
      kBackoffsToTrial * FromProto(settings_.connect_backoff_max());
  Arm(trial_timer_, delay, [this] {
    if (flow_.maximum_qos() == 2 || goal_ != Goal::kServe) return;
    flow_.GiveQos2AnotherChance();
    if (IsUp(state_)) {
      Quiesce(Goal::kReconnect, FromProto(settings_.ack_timeout()));
    }
  });
}

void Worker::Handle(LinkEvent event) {
  const LinkTransition transition = NextLinkState(state_, event);
  if (ToProto(transition.next) != ToProto(state_)) since_ = clock_->Now();
  state_ = transition.next;
  next_connect_ = absl::InfinitePast();
  switch (transition.action) {
    case LinkAction::kNone:
      return;
    case LinkAction::kConnect:
      Report();
      Cancel(retry_timer_);
      return call_.Begin();
    case LinkAction::kServe:
      connected_ = SteadyNow();
      Report();
      if (state_ == WorkerLinkState::kUnproven) ProveLater();
      if (flow_.maximum_qos() < 2) TryQos2Later();
      return flow_.Open(limits_, call_.ForConnection(), call_.session());
    case LinkAction::kRetryLater:
      return RetryAfter(backoff_.NextDelay());
    case LinkAction::kRetrySlowly:
      return RetryAfter(backoff_.NextSlowDelay());
    case LinkAction::kShow:
      return Report();
  }
}

void Worker::Answer() {
  wire::WorkerMessage message;
  message.mutable_pong();
  sink_->Send(std::move(message));
}

void Worker::RetryAfter(absl::Duration delay) {
  next_connect_ = clock_->Now() + delay;
  Report();
  Log::Warning("link_down", {{"error", last_error_},
                             {"retry_in", absl::FormatDuration(delay)}});
  Arm(retry_timer_, delay, [this] { Handle(LinkEvent::kRetryDue); });
  loop_->Post([this] {
    if (!IsUp(state_)) client_->Close();
  });
}

void Worker::EndConnection(absl::Duration stable_until) {
  Cancel(proof_timer_);
  backoff_.OnConnectionEnded(stable_until - connected_, flow_.acknowledged());
}

void Worker::Report() {
  Cancel(report_timer_);
  wire::WorkerMessage message;
  wire::LinkStatus& status = *message.mutable_link_status();
  status.set_state(ToProto(state_));
  *status.mutable_since() = mqttpush::ToProto(since_);
  status.set_last_error(CleanText(last_error_, limits::kMaxErrorMessageBytes));
  if (next_connect_ != absl::InfinitePast()) {
    *status.mutable_next_connect_time() = mqttpush::ToProto(next_connect_);
  }
  reported_ack_ = flow_.last_ack();
  if (reported_ack_ != absl::InfinitePast()) {
    *status.mutable_last_ack_time() = mqttpush::ToProto(reported_ack_);
  }
  status.set_broker_address(limits_.address);
  status.set_connection(flow_.epoch());
  if (IsUp(state_)) {
    status.set_session_present(limits_.session_present);
    *status.mutable_limits() = LimitsToProto(limits_);
  }
  sink_->Send(std::move(message));
}

void Worker::ReportAckLater() {
  if (report_timer_.id.has_value()) return;
  Arm(report_timer_, kAckReportInterval, [this] { Report(); });
}

void Worker::Arm(Timer& timer, absl::Duration delay, EventLoop::Task task) {
  Cancel(timer);
  timer.id = loop_->PostAfter(
      delay, [&timer, serial = timer.serial, task = std::move(task)] {
        if (timer.serial != serial) return;
        timer.id.reset();
        task();
      });
}

void Worker::Cancel(Timer& timer) {
  ++timer.serial;
  if (!timer.id.has_value()) return;
  loop_->CancelTimer(*timer.id);
  timer.id.reset();
}

}  // namespace mqttpush
