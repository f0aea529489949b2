#include "workers/worker/message_flow.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/reason_codes.h"
#include "workers/worker/clean_text.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {
namespace {

// Messages that wait in the worker, so that it need not wait for the control
// plane whenever one is acknowledged.
constexpr int kCreditPerWindow = 2;

// A message that others keep overtaking is stuck, too.
constexpr int kStuckAfterAckTimeouts = 4;

constexpr absl::string_view kNotConnected = "not connected to the broker";

absl::Duration Steady() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// Of the whole PUBLISH packet; MQTT 5, section 3.3.
int64_t PacketBytes(const wire::Publish& message) {
  int64_t rest = 2 + static_cast<int64_t>(message.topic().size()) +
                 (message.qos() > 0 ? 2 : 0) + 1 +  // 1: no properties
                 static_cast<int64_t>(message.payload().size());
  int64_t header = 2;
  for (int64_t n = rest; n >= 128; n /= 128) ++header;
  return header + rest;
}

std::string RejectionText(const PublishOutcome& outcome) {
  std::string text = ReasonCodeName(outcome.reason_code);
  if (!outcome.reason.empty()) absl::StrAppend(&text, ": ", outcome.reason);
  return text;
}

}  // namespace

MessageFlow::MessageFlow(EventLoop* loop, const Clock* clock,
                         MqttClient* client, LinkSink* sink, Events events)
    : loop_(loop),
      clock_(clock),
      client_(client),
      sink_(sink),
      events_(std::move(events)) {}

void MessageFlow::Open(const BrokerLimits& limits,
                       const wire::Configure& settings) {
  ++epoch_;
  limits_ = limits;
  protocol_level_ = settings.protocol_level();
  acknowledged_ = false;
  open_ = true;
  Adjust(settings);
}

void MessageFlow::Adjust(const wire::Configure& settings) {
  ack_timeout_ = FromProto(settings.ack_timeout());
  window_.SetLimits(WindowLimits::For(
      settings.max_in_flight(), limits_.receive_maximum, protocol_level_));
  if (!open_) return;
  GrantCredit(window_.limits().messages * kCreditPerWindow);
  SendAllThatFit();
}

void MessageFlow::Close() {
  open_ = false;
  for (const wire::Publish& message : window_.TakeQueued()) {
    AddNotSent(message.token(), std::string(kNotConnected));
  }
  Flush();
  GrantCredit(0);
}

void MessageFlow::Accept(wire::PublishBatch batch) {
  const bool current = open_ && batch.epoch() == epoch_;
  for (wire::Publish& message : *batch.mutable_messages()) {
    if (current) {
      window_.Enqueue(std::move(message));
    } else {
      AddNotSent(message.token(), std::string(kNotConnected));
    }
  }
  SendAllThatFit();
}

void MessageFlow::Finish(int64_t id, const PublishOutcome& outcome) {
  if (outcome.kind == PublishOutcome::Kind::kWriteFailed) {
    events_.on_broken("connection lost while writing");
    return;
  }
  std::optional<InFlightMessage> message = window_.Finish(id);
  if (!message.has_value()) return;
  last_progress_ = Steady();
  acknowledged_ = true;
  if (message->qos > 0) last_ack_ = clock_->Now();
  if (outcome.kind == PublishOutcome::Kind::kAcknowledged) {
    AddEnded(*message, wire::Result::SUCCEEDED, "");
  } else {
    AddEnded(*message, wire::Result::REJECTED, RejectionText(outcome));
    results_.mutable_results()->rbegin()->set_reason_code(outcome.reason_code);
  }
  SendAllThatFit();
  if (!open_ && in_flight() == 0) events_.on_empty();
}

void MessageFlow::LoseAll(const std::string& message, bool timed_out) {
  open_ = false;
  for (const InFlightMessage& lost : window_.TakeInFlight()) {
    AddEnded(lost,
             timed_out ? wire::Result::ACK_TIMEOUT : wire::Result::LINK_LOST,
             timed_out ? absl::StrCat("no acknowledgement within ",
                                      absl::FormatDuration(ack_timeout_))
                       : message);
    timed_out = false;  // only the oldest can be blamed
  }
  for (const wire::Publish& queued : window_.TakeQueued()) {
    AddNotSent(queued.token(), message);
  }
  Flush();
}

void MessageFlow::Flush() {
  if (results_.results().empty()) return;
  wire::WorkerMessage message;
  message.mutable_results()->Swap(&results_);
  sink_->Send(std::move(message));
}

void MessageFlow::SendAllThatFit() {
  while (open_ && window_.CanSend()) SendNext();
}

void MessageFlow::SendNext() {
  const wire::Publish message = window_.Take();
  InFlightMessage entry;
  entry.token = message.token();
  entry.qos = message.qos();
  entry.bytes = message.topic().size() + message.payload().size();
  entry.start = clock_->Now();
  entry.steady = Steady();
  const PublishOutcome forbidden = CheckLimits(message);
  if (forbidden.kind != PublishOutcome::Kind::kAcknowledged) {
    AddEnded(entry, wire::Result::REJECTED, RejectionText(forbidden));
    results_.mutable_results()->rbegin()->set_reason_code(
        forbidden.reason_code);
    return;
  }
  if (in_flight() == 0) last_progress_ = entry.steady;
  const int64_t id = window_.Start(entry);
  absl::StatusOr<int> packet_id = client_->Publish(id, message);
  if (packet_id.ok()) {
    window_.SetPacketId(id, *packet_id);
    ArmWatchdog();
    return;
  }
  window_.Finish(id);
  const std::string error(packet_id.status().message());
  if (absl::IsInvalidArgument(packet_id.status())) {
    AddEnded(entry, wire::Result::CLIENT_ERROR, error);
    return;
  }
  AddNotSent(entry.token, error);
  events_.on_broken(absl::StrCat("connection lost: ", error));
}

PublishOutcome MessageFlow::CheckLimits(const wire::Publish& message) const {
  constexpr auto kRejected = PublishOutcome::Kind::kRejected;
  if (protocol_level_ < 5) return {};
  const int64_t bytes = PacketBytes(message);
  if (bytes > limits_.maximum_packet_size) {
    return {kRejected, kReasonPacketTooLarge,
            absl::StrCat("not sent: ", bytes, " bytes, the broker takes ",
                         limits_.maximum_packet_size)};
  }
  if (message.qos() > limits_.maximum_qos) {
    return {kRejected, kReasonQosNotSupported,
            absl::StrCat("not sent: QoS ", message.qos(), ", the broker takes ",
                         limits_.maximum_qos)};
  }
  if (message.retain() && !limits_.retain_available) {
    return {kRejected, kReasonRetainNotSupported,
            "not sent: the broker keeps no retained messages"};
  }
  return {};
}

void MessageFlow::GrantCredit(int limit) {
  wire::WorkerMessage message;
  message.mutable_credit()->set_epoch(epoch_);
  message.mutable_credit()->set_limit(limit);
  sink_->Send(std::move(message));
}

void MessageFlow::ArmWatchdog() {
  if (watchdog_armed_) return;
  watchdog_armed_ = true;
  loop_->PostAfter(std::max(UntilTimeout(), absl::Milliseconds(1)), [this] {
    watchdog_armed_ = false;
    CheckProgress();
  });
}

void MessageFlow::CheckProgress() {
  if (in_flight() == 0) return;
  if (UntilTimeout() > absl::ZeroDuration()) {
    ArmWatchdog();
  } else {
    events_.on_ack_timeout();
  }
}

absl::Duration MessageFlow::UntilTimeout() const {
  const absl::Duration silent = last_progress_ + ack_timeout_;
  const absl::Duration stuck =
      window_.oldest().steady + kStuckAfterAckTimeouts * ack_timeout_;
  return std::min(silent, stuck) - Steady();
}

void MessageFlow::AddNotSent(int64_t token, const std::string& message) {
  AddResult(token, wire::Result::NOT_SENT, message);
}

void MessageFlow::AddEnded(const InFlightMessage& message,
                           wire::Result::Outcome outcome,
                           const std::string& error) {
  wire::Result* result = AddResult(message.token, outcome, error);
  result->set_start_time_us(absl::ToUnixMicros(message.start));
  result->set_duration_us(absl::ToInt64Microseconds(Steady() - message.steady));
  result->set_packet_id(message.packet_id);
  result->set_broker_address(limits_.address);
  result->set_session_present(limits_.session_present);
}

wire::Result* MessageFlow::AddResult(int64_t token,
                                     wire::Result::Outcome outcome,
                                     const std::string& error) {
  if (results_.results().empty()) {
    loop_->Post([this] { Flush(); });
  }
  wire::Result* result = results_.add_results();
  result->set_token(token);
  result->set_outcome(outcome);
  result->set_error_message(CleanText(error, limits::kMaxErrorMessageBytes));
  return result;
}

}  // namespace mqttpush
