#include "workers/supervisor/probe_messages.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/limits.h"
#include "workers/link/probe_bounds.h"
#include "workers/supervisor/link_messages.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kStartAndReport = absl::Milliseconds(300);

google::protobuf::Duration ToProto(absl::Duration duration) {
  return TimeUtil::MicrosecondsToDuration(absl::ToInt64Microseconds(duration));
}

std::string Name(const std::string& said) {
  return said.substr(0, kMaxProbeNameBytes);
}

// The first ones.
std::vector<std::string> Names(
    const google::protobuf::RepeatedPtrField<std::string>& said, size_t most) {
  std::vector<std::string> names;
  for (const std::string& name : said) {
    if (names.size() == most) break;
    names.push_back(Name(name));
  }
  return names;
}

ProbeCertificate ToCertificate(const worker::v1::ProbeCertificate& proto) {
  return {
      .subject = Name(proto.subject()),
      .issuer = Name(proto.issuer()),
      .names = Names(proto.names(), kMaxProbeNames),
      .not_before = absl::FromUnixSeconds(proto.not_before_time().seconds()),
      .not_after = absl::FromUnixSeconds(proto.not_after_time().seconds())};
}

ProbeTls ToTls(const worker::v1::ProbeTls& proto) {
  ProbeTls tls{.protocol = Name(proto.protocol()),
               .cipher = Name(proto.cipher())};
  for (const worker::v1::ProbeCertificate& certificate : proto.chain()) {
    if (tls.chain.size() == kMaxProbeCertificates) break;
    tls.chain.push_back(ToCertificate(certificate));
  }
  return tls;
}

}  // namespace

absl::Duration TimeForProbe(absl::Duration timeout) {
  return std::max(timeout - kStartAndReport, timeout / 2);
}

worker::v1::ProbeRequest MakeProbeRequest(
    const BrokerRecord& broker, const ProbeOrder& order,
    const std::vector<std::string>& allowed_networks) {
  worker::v1::ProbeRequest request;
  *request.mutable_settings() =
      MakeConfigure(broker, LinkOptions(), allowed_networks,
                    /*session_path=*/"")
          .configure();
  *request.mutable_timeout() = ToProto(TimeForProbe(order.timeout));
  *request.mutable_session_expiry() = ToProto(order.session_expiry);
  for (const ProbePublication& publication : order.publications) {
    worker::v1::ProbePublish& publish = *request.add_publishes();
    publish.set_topic(publication.topic);
    publish.set_qos(publication.qos);
  }
  request.set_payload(order.payload);
  return request;
}

ProbeFinding ToFinding(const worker::v1::ProbeFinding& proto) {
  ProbeFinding finding;
  finding.kind = static_cast<ProbeKind>(proto.kind());
  finding.cause = static_cast<ProbeCause>(proto.cause());
  finding.duration =
      absl::Microseconds(TimeUtil::DurationToMicroseconds(proto.duration()));
  finding.text = proto.text().substr(0, limits::kMaxErrorMessageBytes);
  finding.addresses = Names(proto.addresses(), kMaxProbeAddresses);
  if (proto.has_tls()) finding.tls = ToTls(proto.tls());
  if (proto.has_reason_code()) finding.reason_code = proto.reason_code();
  if (proto.has_limits()) finding.offer = ToOffer(proto.limits());
  return finding;
}

}  // namespace mqttpush
