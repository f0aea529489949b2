#include "workers/worker/worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/logging.h"
#include "google/protobuf/util/message_differencer.h"
#include "workers/worker/clean_text.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kDrainTimeout = absl::Seconds(5);
constexpr absl::Duration kDisconnectTimeout = absl::Seconds(2);
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
      return wire::LinkStatus::STALLED;
  }
  return wire::LinkStatus::STATE_UNSPECIFIED;
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
               LinkSink* sink, Backoff::Random random, Exit exit)
    : loop_(loop),
      clock_(clock),
      client_(client),
      sink_(sink),
      exit_(std::move(exit)),
      backoff_(std::move(random)),
      flow_(loop, clock, client, sink,
            {.on_ack_timeout = [this] { OnAckTimeout(); },
             .on_broken =
                 [this](const std::string& error) { OnConnectionLost(error); },
             .on_empty = [this] { OnQuiet(); }}) {
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
    case wire::ControlMessage::MESSAGE_NOT_SET:
      return;
  }
}

void Worker::Configure(wire::Configure settings) {
  if (goal_ == Goal::kExit) return;
  const bool same = SameConnection(settings_, settings);
  settings_ = std::move(settings);
  backoff_.SetLimits(FromProto(settings_.connect_backoff_base()),
                     FromProto(settings_.connect_backoff_max()));
  if (state_ == WorkerLinkState::kConnected) {
    if (!same) {
      Quiesce(Goal::kReconnect, FromProto(settings_.ack_timeout()));
    } else if (goal_ == Goal::kServe) {
      flow_.Adjust(settings_);
    }
  } else if (!same || state_ != WorkerLinkState::kConnecting) {
    backoff_.Reset();
    Handle(LinkEvent::kConfigured);
  }
}

void Worker::Drain() {
  if (goal_ == Goal::kExit) return;
  if (state_ == WorkerLinkState::kConnected) {
    Quiesce(Goal::kExit, kDrainTimeout);
  } else {
    ExitNow(0);
  }
}

void Worker::Quiesce(Goal goal, absl::Duration deadline) {
  goal_ = goal;
  flow_.Close();
  if (flow_.in_flight() == 0) return OnQuiet();
  Arm(quiet_timer_, deadline, [this] {
    flow_.LoseAll("connection closed before the acknowledgement");
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
      EndConnection();
      backoff_.Reset();
      return Handle(LinkEvent::kConfigured);
    case Goal::kExit:
      goal_ = Goal::kExit;
      flow_.Flush();
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
  limits_ = limits;
  if (limits.server_keep_alive >= 0) {
    // Paho 1.3.12 keeps to the configured interval.
    Log::Warning("server_keep_alive_ignored",
                 {{"seconds", limits.server_keep_alive}});
  }
  Handle(LinkEvent::kConnected);
}

void Worker::OnConnectFailed(const ConnectFailure& failure) {
  last_error_ = failure.message;
  Handle(failure.refused ? LinkEvent::kConnectRefused
                         : LinkEvent::kConnectFailed);
}

void Worker::OnConnectionLost(const std::string& message) {
  last_error_ = message;
  if (state_ != WorkerLinkState::kConnected) {
    return Handle(LinkEvent::kLinkLost);
  }
  flow_.LoseAll(message);
  if (goal_ != Goal::kServe) return OnQuiet();
  EndConnection();
  Handle(LinkEvent::kLinkLost);
  flow_.Close();
}

void Worker::OnAckTimeout() {
  last_error_ =
      absl::StrCat("no acknowledgement within ",
                   absl::FormatDuration(FromProto(settings_.ack_timeout())));
  flow_.LoseAll(last_error_, /*timed_out=*/true);
  if (goal_ != Goal::kServe) return OnQuiet();
  EndConnection();
  Handle(LinkEvent::kAckTimeout);
  flow_.Close();
}

void Worker::OnPublished(int64_t id, const PublishOutcome& outcome) {
  if (outcome.kind == PublishOutcome::Kind::kPoisoned) {
    Log::Error("write_guard_failed");
    flow_.LoseAll("connection lost while writing");
    return ExitNow(kExitPoisoned);
  }
  flow_.Finish(id, outcome);
  if (flow_.last_ack() > reported_ack_) ReportAckLater();
}

void Worker::Handle(LinkEvent event) {
  const LinkTransition transition = NextLinkState(state_, event);
  if (transition.next != state_) since_ = clock_->Now();
  state_ = transition.next;
  next_connect_ = absl::InfinitePast();
  switch (transition.action) {
    case LinkAction::kNone:
      return;
    case LinkAction::kConnect:
      Report();
      return Connect();
    case LinkAction::kServe:
      Report();
      return flow_.Open(limits_, settings_);
    case LinkAction::kRetryLater:
      return RetryAfter(backoff_.NextDelay());
    case LinkAction::kRetrySlowly:
      return RetryAfter(backoff_.NextSlowDelay());
  }
}

void Worker::Connect() {
  Cancel(retry_timer_);
  // After what this round still has to say: leaving a connection takes a while.
  loop_->Post([this] {
    if (goal_ != Goal::kExit) client_->Connect(settings_);
  });
}

void Worker::RetryAfter(absl::Duration delay) {
  next_connect_ = clock_->Now() + delay;
  Report();
  Log::Warning("link_down", {{"error", last_error_},
                             {"retry_in", absl::FormatDuration(delay)}});
  Arm(retry_timer_, delay, [this] { Handle(LinkEvent::kRetryDue); });
  loop_->Post([this] {
    if (state_ != WorkerLinkState::kConnected) client_->Close();
  });
}

void Worker::EndConnection() {
  backoff_.OnConnectionEnded(clock_->Now() - since_, flow_.acknowledged());
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
  status.set_session_present(state_ == WorkerLinkState::kConnected &&
                             limits_.session_present);
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
