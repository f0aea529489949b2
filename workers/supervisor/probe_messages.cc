#include "workers/supervisor/probe_messages.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "workers/supervisor/link_messages.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kStartAndReport = absl::Milliseconds(300);

google::protobuf::Duration ToProto(absl::Duration duration) {
  return TimeUtil::MicrosecondsToDuration(absl::ToInt64Microseconds(duration));
}

ProbeCertificate ToCertificate(const worker::v1::ProbeCertificate& proto) {
  return {
      .subject = proto.subject(),
      .issuer = proto.issuer(),
      .names = {proto.names().begin(), proto.names().end()},
      .not_before = absl::FromUnixSeconds(proto.not_before_time().seconds()),
      .not_after = absl::FromUnixSeconds(proto.not_after_time().seconds())};
}

ProbeTls ToTls(const worker::v1::ProbeTls& proto) {
  ProbeTls tls{.protocol = proto.protocol(), .cipher = proto.cipher()};
  for (const worker::v1::ProbeCertificate& certificate : proto.chain()) {
    tls.chain.push_back(ToCertificate(certificate));
  }
  return tls;
}

}  // namespace

absl::Duration TimeForProbe(absl::Duration timeout) {
  return std::max(timeout - kStartAndReport, timeout / 2);
}

worker::v1::ProbeRequest MakeProbeRequest(const BrokerRecord& broker,
                                          const ProbeOrder& order) {
  worker::v1::ProbeRequest request;
  *request.mutable_settings() =
      MakeConfigure(broker, LinkOptions(), /*session_path=*/"").configure();
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
  finding.text = proto.text();
  finding.addresses = {proto.addresses().begin(), proto.addresses().end()};
  if (proto.has_tls()) finding.tls = ToTls(proto.tls());
  if (proto.has_reason_code()) finding.reason_code = proto.reason_code();
  if (proto.has_limits()) finding.offer = ToOffer(proto.limits());
  return finding;
}

}  // namespace mqttpush
