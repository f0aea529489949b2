#include "services/admin/probe_converter.h"

#include <string>

#include "services/admin/values.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

v1::ProbeTls TlsToProto(const ProbeTls& tls, absl::Time now) {
  v1::ProbeTls proto;
  proto.set_protocol(tls.protocol);
  proto.set_cipher(tls.cipher);
  for (const ProbeCertificate& certificate : tls.chain) {
    v1::ProbeTls::Certificate& shown = *proto.add_chain();
    shown.set_subject(ReplaceInvalidUtf8(certificate.subject));
    shown.set_issuer(ReplaceInvalidUtf8(certificate.issuer));
    for (const std::string& name : certificate.names) {
      shown.add_names(ReplaceInvalidUtf8(name));
    }
    SetTimestamp(certificate.not_before, shown.mutable_not_before_time());
    SetTimestamp(certificate.not_after, shown.mutable_not_after_time());
    shown.set_days_to_expiry(DaysUntil(certificate.not_after, now));
  }
  return proto;
}

}  // namespace

int DaysUntil(absl::Time time, absl::Time now) {
  return static_cast<int>(
      absl::ToInt64Hours(absl::Trunc(time - now, absl::Hours(24))) / 24);
}

v1::ProbeStep FindingToProto(const ProbeFinding& finding, absl::Time now) {
  v1::ProbeStep step;
  step.set_kind(static_cast<v1::ProbeStep::Kind>(finding.kind));
  SetDuration(finding.duration, step.mutable_duration());
  step.set_text(ReplaceInvalidUtf8(finding.text));
  for (const std::string& address : finding.addresses) {
    step.add_addresses(ReplaceInvalidUtf8(address));
  }
  if (finding.tls.has_value()) {
    *step.mutable_tls() = TlsToProto(*finding.tls, now);
  }
  if (finding.reason_code.has_value()) {
    step.set_reason_code(*finding.reason_code);
  }
  return step;
}

}  // namespace mqttpush
