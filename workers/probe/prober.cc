#include "workers/probe/prober.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "common/steady_time.h"
#include "workers/probe/step_verdicts.h"
#include "workers/probe/tcp_connect.h"
#include "workers/process/clean_text.h"

namespace mqttpush {
namespace {

// For one message, so that one that is never answered leaves time for others.
constexpr absl::Duration kPublishPatience = absl::Seconds(5);
// Of a PUBLISH besides topic and payload, at most.
constexpr int64_t kPublishOverhead = 10;

absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  proto->set_seconds(absl::ToInt64Seconds(duration));
  proto->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(
      duration - absl::Seconds(absl::ToInt64Seconds(duration)))));
}

}  // namespace

Prober::Prober(const worker::v1::ProbeRequest* request, std::string client_id,
               Emit emit)
    : request_(*request),
      settings_(request->settings()),
      client_id_(std::move(client_id)),
      emit_(std::move(emit)),
      deadline_(SteadyNow() + ToDuration(request->timeout())) {}

void Prober::Run() {
  if (!LookUpHost() || !ConnectToHost()) return;
  if (settings_.has_tls() && !SecureConnection()) return;
  if (!LogIn()) return;
  for (const worker::v1::ProbePublish& publish : request_.publishes()) {
    if (!Publish(publish)) return;
  }
  dialogue_->Disconnect(deadline_);
}

bool Prober::Speaks5() const {
  return settings_.protocol_level() == mqtt::kLevel5;
}

void Prober::Begin(ProbeKind kind) {
  begin_ = SteadyNow();
  finding_.Clear();
  finding_.set_kind(static_cast<int>(kind));
}

void Prober::Conclude(const Verdict& verdict) {
  SetDuration(SteadyNow() - begin_, finding_.mutable_duration());
  finding_.set_cause(static_cast<int>(verdict.cause));
  finding_.set_text(CleanText(verdict.text, limits::kMaxErrorMessageBytes));
}

void Prober::Say(const worker::v1::ProbeFinding& finding) {
  if (!quiet_) emit_(finding);
}

bool Prober::LookUpHost() {
  Begin(ProbeKind::kDns);
  LookUpResult found = LookUp(settings_.host(), settings_.port(), deadline_);
  for (const Address& address : found.addresses) {
    finding_.add_addresses(address.HostText());
  }
  const size_t count = found.addresses.size();
  Conclude({found.cause,
            absl::StrCat(settings_.host(), ": ",
                         found.error.empty()
                             ? absl::StrCat(count, count == 1 ? " address"
                                                              : " addresses")
                             : found.error)});
  Say(finding_);
  addresses_ = std::move(found.addresses);
  return found.cause == ProbeCause::kNone;
}

bool Prober::ConnectToHost() {
  Begin(ProbeKind::kTcp);
  TcpResult result =
      ConnectTcp(addresses_,
                 EgressPolicy({settings_.allowed_networks().begin(),
                               settings_.allowed_networks().end()}),
                 deadline_);
  const std::string failures = absl::StrJoin(result.failures, "; ");
  stream_ = std::move(result.stream);
  if (stream_ == nullptr) {
    for (std::string& tried : result.tried) {
      finding_.add_addresses(std::move(tried));
    }
    Conclude({result.cause, failures});
  } else {
    finding_.add_addresses(result.tried.back());
    Verdict verdict{ProbeCause::kNone,
                    absl::StrCat("connected to ", result.tried.back())};
    if (!failures.empty()) {
      verdict.cause = ProbeCause::kLinkAddressFailed;
      absl::StrAppend(&verdict.text, ", but ", failures);
    }
    Conclude(verdict);
  }
  Say(finding_);
  return stream_ != nullptr;
}

bool Prober::SecureConnection() {
  Begin(ProbeKind::kTls);
  const Verdict verdict = ShakeHands();
  Conclude(verdict);
  if (verdict.cause == ProbeCause::kNone ||
      verdict.cause == ProbeCause::kNotVerified) {
    held_ = finding_;
    return true;
  }
  Say(finding_);
  return false;
}

Verdict Prober::ShakeHands() {
  absl::StatusOr<std::unique_ptr<TlsClient>> client =
      TlsClient::Create(settings_.tls(), settings_.host());
  absl::StatusOr<SslPtr> ssl =
      client.ok() ? (*client)->MakeSsl() : client.status();
  if (!ssl.ok()) {
    return {ProbeCause::kOther, std::string(ssl.status().message())};
  }
  tls_ = *std::move(client);
  const absl::Status done = stream_->StartTls(*std::move(ssl), deadline_);
  if (!done.ok()) return JudgeHandshake(done, stream_->tls_error());
  *finding_.mutable_tls() = tls_->Describe(stream_->ssl());
  return JudgeTls(finding_.tls(), tls_->Judge(stream_->ssl()), settings_);
}

bool Prober::LogIn() {
  Begin(ProbeKind::kConnect);
  dialogue_.emplace(stream_.get(), settings_.protocol_level());
  const absl::StatusOr<mqtt::Connack> connack = dialogue_->Connect(
      {.level = settings_.protocol_level(),
       .client_id = client_id_,
       .username = settings_.username(),
       .password = settings_.password(),
       .keep_alive = static_cast<int>(settings_.keep_alive().seconds()),
       .session_expiry =
           static_cast<uint32_t>(request_.session_expiry().seconds())},
      deadline_);
  if (held_.has_value() && !EndTls(connack.status())) return false;
  is_up_ = connack.ok() && connack->code == 0;
  if (connack.ok()) finding_.set_reason_code(connack->code);
  if (is_up_) {
    limits_ = connack->limits;
    limits_.set_assigned_client_id(
        CleanText(limits_.assigned_client_id(), limits::kMaxErrorMessageBytes));
    *finding_.mutable_limits() = limits_;
  }
  Conclude(JudgeConnack(connack, client_id_));
  Say(finding_);
  return is_up_;
}

bool Prober::EndTls(const absl::Status& connack) {
  const Verdict alert =
      JudgeTlsFailure(stream_->tls_error(), std::string(connack.message()));
  const bool refused = alert.cause == ProbeCause::kClientCertificate;
  if (refused) {
    held_->set_cause(static_cast<int>(alert.cause));
    held_->set_text(CleanText(alert.text, limits::kMaxErrorMessageBytes));
  }
  Say(*std::exchange(held_, std::nullopt));
  return !refused;
}

bool Prober::ConnectAgain() {
  dialogue_->Disconnect(deadline_);
  stream_.reset();
  quiet_ = true;
  const bool connected = ConnectToHost() &&
                         (!settings_.has_tls() || SecureConnection()) &&
                         LogIn();
  quiet_ = false;
  return connected;
}

std::string Prober::WhyNotSent(const worker::v1::ProbePublish& publish) const {
  if (publish.qos() > limits_.maximum_qos()) {
    return absl::StrCat("not sent: QoS ", publish.qos(),
                        ", the broker takes at most QoS ",
                        limits_.maximum_qos());
  }
  const int64_t bytes =
      static_cast<int64_t>(publish.topic().size() + request_.payload().size()) +
      kPublishOverhead;
  if (limits_.maximum_packet_size() > 0 &&
      bytes > limits_.maximum_packet_size()) {
    return absl::StrCat("not sent: ", bytes, " bytes, the broker takes ",
                        limits_.maximum_packet_size());
  }
  return "";
}

bool Prober::Publish(const worker::v1::ProbePublish& publish) {
  if (!is_up_ && !ConnectAgain()) {
    const Verdict why{static_cast<ProbeCause>(finding_.cause()),
                      absl::StrCat("no other connection could be made after "
                                   "that: ",
                                   finding_.text())};
    Begin(ProbeKind::kPublish);
    Conclude(why);
    Say(finding_);
    return false;
  }
  Begin(ProbeKind::kPublish);
  if (std::string why = WhyNotSent(publish); !why.empty()) {
    Conclude({ProbeCause::kNotOffered, std::move(why)});
    Say(finding_);
    return true;
  }
  const PublishAnswer answer =
      dialogue_->Publish(publish.topic(), publish.qos(), request_.payload(),
                         std::min(deadline_, begin_ + kPublishPatience));
  if (answer.reason_code.has_value()) {
    finding_.set_reason_code(*answer.reason_code);
  }
  const Verdict verdict = JudgeAnswer(answer, publish.qos());
  Conclude(verdict);
  Say(finding_);
  is_up_ = verdict.cause == ProbeCause::kNone ||
           verdict.cause == ProbeCause::kTimedOut;
  return SteadyNow() < deadline_;
}

}  // namespace mqttpush
