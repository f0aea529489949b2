#include "workers/worker/message_flow.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/reason_codes.h"
#include "common/steady_time.h"
#include "workers/process/clean_text.h"
#include "workers/worker/message_limits.h"
#include "workers/worker/progress.h"
#include "workers/worker/proto_time.h"

namespace mqttpush {
namespace {

// Messages that wait in the worker, so that it need not wait for the control
// plane whenever one is acknowledged.
constexpr int kCreditPerWindow = 2;

// While messages wait for room, so many parts of what is in flight are to end
// before it is filled again: the broker always has most of a window.
constexpr int kPartsOfWindow = 4;
// The loop has something to do, too.
constexpr int kMostEndsAtOnce = 32;

constexpr absl::string_view kNotConnected = "not connected to the broker";

std::string RefusalText(int reason_code, const std::string& reason) {
  std::string text = ReasonCodeName(reason_code);
  if (!reason.empty()) absl::StrAppend(&text, ": ", reason);
  return text;
}

InFlightMessage NewEntry(const wire::Publish& message, absl::Time now) {
  InFlightMessage entry;
  entry.token = message.token();
  entry.delivery = DeliveryKey::Of(message.delivery());
  entry.qos = message.qos();
  entry.bytes = message.topic().size() + message.payload().size();
  entry.start = now;
  entry.steady = SteadyNow();
  entry.alone = message.alone();
  return entry;
}

InFlightMessage StoredEntry(const StoredMessage& message, absl::Time now) {
  InFlightMessage entry;
  entry.delivery = message.delivery;
  entry.qos = message.sent_as.qos();
  entry.bytes = message.bytes;
  entry.packet_id = message.packet_id;
  entry.start = now;
  entry.steady = SteadyNow();
  entry.sent_as = message.sent_as;
  entry.resumed = true;
  return entry;
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
                       const wire::Configure& settings, Session* session) {
  ++epoch_;
  limits_ = limits;
  session_ = session;
  protocol_level_ = settings.protocol_level();
  keep_alive_ = FromProto(settings.keep_alive());
  acknowledged_ = false;
  open_ = true;
  last_progress_ = SteadyNow();
  window_.StartSlowly();
  // Paho has sent all of these again by now, at once, though of a broker that
  // takes fewer than before (Receive Maximum, MQTT 5, section 4.9) no more than
  // that may be sent: it knows no other way, and CONNACK comes just before.
  // Such a broker may end the connection (0x93). What it took until then is
  // done, and if it takes nothing three times the session is given up
  // (suspect.h); new messages keep to the limit in any case.
  if (session_ != nullptr) {
    for (const StoredMessage& message : session_->ListInFlight()) {
      window_.SetPacketId(window_.Start(StoredEntry(message, clock_->Now())),
                          message.packet_id);
    }
  }
  Adjust(settings);
  // One of them may never end; the watchdog knows it by what ends before it.
  loop_->PostAfter(ack_timeout_ / 2, [this, epoch = epoch_] {
    if (epoch != epoch_ || deferred() > 0) return;
    window_.SendBesideResumed();
    SendAllThatFit();
  });
  loop_->Post([this, epoch = epoch_] {
    if (epoch == epoch_) SendDeferred();
  });
  Watch();
}

void MessageFlow::Adjust(const wire::Configure& settings) {
  ack_timeout_ = FromProto(settings.ack_timeout());
  max_in_flight_ = settings.max_in_flight();
  SetWindow();
  if (!open_) return;
  GrantCredit(window_.limits().messages * kCreditPerWindow);
  SendAllThatFit();
}

void MessageFlow::SetWindow() {
  window_.SetLimits(WindowLimits::For(max_in_flight_, limits_.receive_maximum,
                                      protocol_level_, qos2_.window()));
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
    if (!current) {
      AddNotSent(message.token(), std::string(kNotConnected));
    } else if (!TakenBySession(message)) {
      window_.Enqueue(std::move(message));
    }
  }
  SendAllThatFit();
}

bool MessageFlow::TakenBySession(const wire::Publish& message) {
  if (session_ == nullptr || !message.has_delivery()) return false;
  const DeliveryKey delivery = DeliveryKey::Of(message.delivery());
  if (InFlightMessage* stored =
          window_.Adopt(delivery, message.token(), message.alone())) {
    stored->warning = session_->WhyUncertain(delivery);
    return true;
  }
  std::optional<wire::SessionEnd> end = session_->FindEnded(delivery);
  if (!end.has_value()) return false;
  AddEnded(message, *end);
  return true;
}

void MessageFlow::Finish(int64_t id, PublishOutcome outcome,
                         absl::Duration end) {
  if (outcome != PublishOutcome::kWritten) {
    open_ = false;  // the loss of the connection follows, and says why
    return;
  }
  std::optional<InFlightMessage> message = window_.Finish(id);
  if (!message.has_value()) return;
  // That the socket takes it says nothing where answers are awaited.
  if (window_.unanswered() == 0) {
    last_progress_ = SteadyNow();
    acknowledged_ = true;
  }
  AddSent(*message, WireEvidence(), wire::Result::SUCCEEDED, "", end);
  SendAllThatFit();
  if (!open_ && in_flight() == 0) events_.on_empty();
}

void MessageFlow::Acknowledge(int packet_id, const WireEvidence& evidence) {
  std::optional<InFlightMessage> message = window_.FinishPacket(packet_id);
  if (!message.has_value()) return;
  suspect_.Clear(message->delivery);
  if (message->qos == 2) {
    const int window = qos2_.window();
    qos2_.Answered();
    if (qos2_.window() != window) SetWindow();
  }
  last_progress_ = SteadyNow();
  acknowledged_ = true;
  last_ack_ = clock_->Now();
  // What nobody has asked for yet is answered from the session when somebody
  // does.
  if (message->token != 0) AddAnswered(*message, evidence);
  SendAllThatFit();
  if (!open_ && in_flight() == 0) events_.on_empty();
  SendDeferred();
}

int MessageFlow::deferred() const {
  return session_ == nullptr ? 0 : session_->deferred();
}

// What the session has sent in another order than that of the packet ids takes
// a connection of its own.
void MessageFlow::SendDeferred() {
  if (!open_ || deferred() == 0 || in_flight() > deferred()) return;
  open_ = false;
  events_.on_broken(
      "connection closed: what was sent later goes over the next one, in "
      "order");
}

void MessageFlow::LoseAll(const LossCause& cause) {
  open_ = false;
  if (cause.by == LossBy::kTimeout && deferred() > 0) session_->DeferNone();
  client_->StopWriting();
  const std::vector<InFlightMessage> in_flight = window_.TakeInFlight();
  bool blamed = false;  // one at most is
  for (const InFlightMessage& lost : in_flight) {
    const WireEvidence evidence = client_->TakeEvidence(lost.packet_id);
    Blame blame = Blame::kNone;
    if (!blamed) {
      blame = Judge(cause, lost, evidence, static_cast<int>(in_flight.size()));
    }
    blamed |= blame != Blame::kNone;
    if (lost.token != 0) AddLost(lost, evidence, cause, blame);
  }
  for (const wire::Publish& queued : window_.TakeQueued()) {
    AddNotSent(queued.token(), cause.loss.message);
  }
  Flush();
}

Blame MessageFlow::Judge(const LossCause& cause, const InFlightMessage& message,
                         const WireEvidence& evidence, int count) {
  const Blame blame = JudgeLoss(cause.by, {.qos = message.qos,
                                           .written = evidence.written(),
                                           .received = evidence.received(),
                                           .alone = message.alone,
                                           .in_flight = count});
  const bool suspect = blame == Blame::kSuspect || blame == Blame::kUnclear;
  if (suspect && session_ != nullptr &&
      suspect_.Blame(message.delivery, message.alone)) {
    session_->Break(kGivenUp);
  }
  if (suspect && cause.by == LossBy::kBroker) NoteCut(message, count);
  return blame;
}

void MessageFlow::NoteCut(const InFlightMessage& message, int count) {
  if (message.qos < 2 || protocol_level_ == 5) return;
  qos2_.Cut(message.delivery, count);
  // The session would send it again for ever.
  if (session_ != nullptr && qos2_.maximum_qos() < 2) {
    session_->Break(kGivenUp);
  }
}

void MessageFlow::Flush() {
  if (results_.results().empty()) return;
  wire::WorkerMessage message;
  message.mutable_results()->Swap(&results_);
  sink_->Send(std::move(message));
}

void MessageFlow::SendAllThatFit() {
  while (open_ && window_.CanSend()) SendNext();
  AwaitEndsLater();
}

void MessageFlow::AwaitEndsLater() {
  if (std::exchange(awaits_ends_later_, true)) return;
  loop_->PostToEndOfRound([this] {
    awaits_ends_later_ = false;
    const int part =
        window_.queued() > 0 ? in_flight() / kPartsOfWindow : in_flight();
    client_->AwaitEnds(std::min(part, kMostEndsAtOnce));
  });
}

void MessageFlow::SendNext() {
  const wire::Publish message = window_.Take();
  InFlightMessage entry = NewEntry(message, clock_->Now());
  if (session_ != nullptr) {
    entry.warning = session_->WhyUncertain(entry.delivery);
  }
  const Refusal refusal = CheckLimits(limits_, message);
  if (refusal.reason_code == 0) return Publish(std::move(entry), message);
  AddSent(entry, WireEvidence(), wire::Result::REJECTED,
          RefusalText(refusal.reason_code, refusal.reason), SteadyNow())
      ->set_reason_code(refusal.reason_code);
}

void MessageFlow::Publish(InFlightMessage entry, const wire::Publish& message) {
  const bool first_unanswered = entry.qos > 0 && window_.unanswered() == 0;
  if (in_flight() == 0 || first_unanswered) last_progress_ = entry.steady;
  const int64_t id = window_.Start(entry);
  absl::StatusOr<int> packet_id = client_->Publish(id, message);
  if (packet_id.ok()) {
    window_.SetPacketId(id, *packet_id);
    if (next_look_ > SteadyNow() + ack_timeout_) Watch();
    return;
  }
  window_.Finish(id);
  const std::string error(packet_id.status().message());
  if (absl::IsInvalidArgument(packet_id.status())) {
    AddSent(entry, WireEvidence(), wire::Result::CLIENT_ERROR, error,
            SteadyNow());
    return;
  }
  AddNotSent(entry.token, error);
  open_ = false;
  if (absl::IsUnavailable(packet_id.status())) return;  // the loss follows
  events_.on_broken(absl::StrCat("connection lost: ", error));
}

void MessageFlow::GrantCredit(int limit) {
  wire::WorkerMessage message;
  message.mutable_credit()->set_epoch(epoch_);
  message.mutable_credit()->set_limit(limit);
  sink_->Send(std::move(message));
}

// Looks at once, then as often as it needs.
void MessageFlow::Watch() {
  next_look_ = SteadyNow();
  loop_->Post([this, watch = ++watch_] {
    if (watch == watch_) CheckProgress();
  });
}

void MessageFlow::CheckProgress() {
  if (!open_ && in_flight() == 0) return;
  Progress progress;
  progress.ack_timeout = ack_timeout_;
  progress.keep_alive = keep_alive_;
  progress.in_flight = in_flight() > 0;
  progress.since_progress = SteadyNow() - last_progress_;
  if (progress.in_flight) {
    progress.oldest = SteadyNow() - window_.oldest().steady;
    progress.overtaken = window_.overtaken();
  }
  progress.silence = client_->Silence();
  const ProgressVerdict verdict = JudgeProgress(progress);
  if (!verdict.stalled.empty()) {
    return events_.on_stalled(
        {verdict.one_is_stuck ? LossBy::kOvertaken : LossBy::kTimeout,
         {verdict.stalled}});
  }
  next_look_ = SteadyNow() + verdict.next_look;
  loop_->PostAfter(verdict.next_look, [this, watch = ++watch_] {
    if (watch == watch_) CheckProgress();
  });
}

void MessageFlow::AddNotSent(int64_t token, const std::string& message) {
  AddResult(token, wire::Result::NOT_SENT, message);
}

void MessageFlow::AddEnded(const wire::Publish& message,
                           const wire::SessionEnd& end) {
  wire::Result* result = AddResult(
      message.token(),
      end.rejected() ? wire::Result::REJECTED : wire::Result::SUCCEEDED,
      end.rejected() ? RefusalText(end.reason_code(), end.reason_string())
                     : "");
  const int64_t ended = std::max(end.ack_time_us(), end.pubrec_time_us());
  // An attempt without a time would be wrong in any case.
  int64_t start = end.publish_time_us();
  if (start == 0) start = ended;
  if (start == 0) start = absl::ToUnixMicros(clock_->Now());
  result->set_start_time_us(start);
  result->set_duration_us(std::max<int64_t>(0, ended - start));
  result->set_packet_id(end.packet_id());
  result->set_reason_code(end.reason_code());
  result->set_reason_string(end.reason_string());
  result->set_duplicate_flag(end.duplicate_flag());
  result->set_pubrec_time_us(end.pubrec_time_us());
  result->set_ack_time_us(end.ack_time_us());
  result->set_warning(end.warning());
  result->set_broker_address(end.broker_address());
  result->set_session_present(end.session_present());
  result->set_connection(end.connection());
  *result->mutable_sent_as() = end.sent_as();
}

void MessageFlow::AddAnswered(const InFlightMessage& message,
                              const WireEvidence& evidence) {
  if (evidence.rejected) {
    AddSent(message, evidence, wire::Result::REJECTED,
            RefusalText(evidence.reason_code, evidence.reason_string),
            SteadyNow());
  } else {
    AddSent(message, evidence, wire::Result::SUCCEEDED, "", SteadyNow());
  }
}

void MessageFlow::AddLost(const InFlightMessage& message,
                          const WireEvidence& evidence, const LossCause& cause,
                          Blame blame) {
  if (message.qos > 0 && !evidence.written()) {
    return AddNotSent(message.token, cause.loss.message);
  }
  const bool timed_out = blame != Blame::kNone && cause.by != LossBy::kBroker;
  wire::Result* result =
      AddSent(message, evidence,
              timed_out ? wire::Result::ACK_TIMEOUT : wire::Result::LINK_LOST,
              cause.loss.message, SteadyNow());
  result->set_suspect(blame == Blame::kSuspect);
  if (blame != Blame::kNone && message.qos == 2) {
    result->set_error_message(
        CleanText(absl::StrCat(cause.loss.message, qos2_.hint()),
                  limits::kMaxErrorMessageBytes));
  }
  if (blame == Blame::kNone || timed_out) return;
  result->set_reason_code(cause.loss.reason_code);
  result->set_reason_string(
      CleanText(cause.loss.reason_string, limits::kMaxErrorMessageBytes));
}

wire::Result* MessageFlow::AddSent(const InFlightMessage& message,
                                   const WireEvidence& evidence,
                                   wire::Result::Outcome outcome,
                                   const std::string& error,
                                   absl::Duration end) {
  wire::Result* result = AddResult(message.token, outcome, error);
  const bool written = evidence.written();
  const absl::Time start = written ? evidence.publish_time : message.start;
  const bool answered = evidence.received() &&
                        outcome != wire::Result::LINK_LOST &&
                        outcome != wire::Result::ACK_TIMEOUT;
  const absl::Time end_time =
      answered ? std::max(evidence.pubrec_time, evidence.ack_time)
               : start + (end -
                          (written ? evidence.publish_steady : message.steady));
  result->set_start_time_us(absl::ToUnixMicros(start));
  result->set_duration_us(absl::ToUnixMicros(end_time) -
                          absl::ToUnixMicros(start));
  result->set_packet_id(message.packet_id);
  result->set_broker_address(limits_.address);
  result->set_session_present(limits_.session_present);
  result->set_connection(epoch_);
  result->set_reason_code(evidence.reason_code);
  result->set_reason_string(
      CleanText(evidence.reason_string, limits::kMaxErrorMessageBytes));
  result->set_duplicate_flag(evidence.duplicate_flag);
  result->set_pubrec_time_us(ToMicros(evidence.pubrec_time));
  result->set_ack_time_us(ToMicros(evidence.ack_time));
  result->set_warning(evidence.downgraded ? kDowngraded : message.warning);
  if (message.sent_as.has_value()) {
    *result->mutable_sent_as() = *message.sent_as;
  }
  return result;
}

wire::Result* MessageFlow::AddResult(int64_t token,
                                     wire::Result::Outcome outcome,
                                     const std::string& error) {
  if (results_.results().empty()) {
    loop_->PostToEndOfRound([this] { Flush(); });
  }
  wire::Result* result = results_.add_results();
  result->set_token(token);
  result->set_outcome(outcome);
  result->set_error_message(CleanText(error, limits::kMaxErrorMessageBytes));
  return result;
}

}  // namespace mqttpush
