#include "workers/probe/step_verdicts.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/reason_codes.h"

namespace mqttpush {
namespace {

constexpr int kFirstRefusal = 0x80;

ProbeCause CauseOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return ProbeCause::kTimedOut;
    case absl::StatusCode::kUnavailable:
      return ProbeCause::kClosed;
    case absl::StatusCode::kDataLoss:
      return ProbeCause::kMalformed;
    default:
      return ProbeCause::kOther;
  }
}

// Why `packet` did not come.
Verdict Unanswered(const absl::Status& status, absl::string_view packet) {
  const ProbeCause cause = CauseOf(status);
  switch (cause) {
    case ProbeCause::kTimedOut:
      return {cause, absl::StrCat("no ", packet, " in time")};
    case ProbeCause::kMalformed:
      return {cause, std::string(status.message())};
    default:
      return {cause, absl::StrCat(status.message(), " before ", packet)};
  }
}

std::string WithReason(std::string text, const std::string& reason_string) {
  if (!reason_string.empty()) absl::StrAppend(&text, ": ", reason_string);
  return text;
}

std::string DescribeTls(const worker::v1::ProbeTls& tls,
                        const std::string& name) {
  const absl::Time end =
      tls.chain_size() == 0
          ? absl::InfiniteFuture()
          : absl::FromUnixSeconds(tls.chain(0).not_after_time().seconds());
  return absl::StrCat(tls.protocol(), " with ", tls.cipher(),
                      "; the certificate is valid for \"", name, "\" until ",
                      absl::FormatTime("%Y-%m-%d", end, absl::UTCTimeZone()));
}

}  // namespace

Verdict JudgeHandshake(const absl::Status& failure, unsigned long error) {
  if (absl::IsAborted(failure)) {
    return JudgeTlsFailure(error, std::string(failure.message()));
  }
  const ProbeCause cause = CauseOf(failure);
  return {cause == ProbeCause::kClosed ? ProbeCause::kNotTls : cause,
          absl::StrCat(failure.message(), " during the TLS handshake")};
}

Verdict JudgeTls(const worker::v1::ProbeTls& tls, const Verdict& certificate,
                 const worker::v1::Configure& settings) {
  if (settings.tls().insecure_skip_verify()) {
    return {ProbeCause::kNotVerified,
            absl::StrCat(tls.protocol(), " with ", tls.cipher(),
                         "; insecure_skip_verify accepts any certificate: ",
                         certificate.text.empty()
                             ? "this one would be accepted without it"
                             : certificate.text)};
  }
  if (certificate.cause != ProbeCause::kNone) return certificate;
  const std::string& name = settings.tls().server_name();
  return {ProbeCause::kNone,
          DescribeTls(tls, name.empty() ? settings.host() : name)};
}

Verdict JudgeConnack(const absl::StatusOr<mqtt::Connack>& connack,
                     const std::string& client_id) {
  if (!connack.ok()) return Unanswered(connack.status(), "CONNACK");
  if (connack->code == 0) {
    return {ProbeCause::kNone, absl::StrCat("accepted as ", client_id)};
  }
  return {ProbeCause::kRefused,
          WithReason(ConnackName(connack->code), connack->reason_string)};
}

Verdict JudgeAnswer(const PublishAnswer& answer, int qos) {
  if (absl::IsCancelled(answer.status)) {
    return {
        ProbeCause::kRefused,
        WithReason(absl::StrCat("DISCONNECT ",
                                ReasonCodeName(answer.reason_code.value_or(0))),
                   answer.reason_string)};
  }
  if (!answer.status.ok()) return Unanswered(answer.status, answer.packet);
  if (qos == 0) {
    return {ProbeCause::kNone,
            "written, and the broker stayed; QoS 0 has no acknowledgement"};
  }
  if (!answer.reason_code.has_value()) {
    return {ProbeCause::kNone,
            absl::StrCat(answer.packet,
                         "; in MQTT 3.1.1 a broker may say so and yet drop the "
                         "message")};
  }
  const int code = *answer.reason_code;
  return {code >= kFirstRefusal ? ProbeCause::kRefused : ProbeCause::kNone,
          WithReason(absl::StrCat(answer.packet, " ", ReasonCodeName(code)),
                     answer.reason_string)};
}

}  // namespace mqttpush
