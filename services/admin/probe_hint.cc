#include "services/admin/probe_hint.h"

#include "services/api/reason_hint.h"

namespace mqttpush {
namespace {

absl::string_view OfConnack(int code) {
  switch (code) {
    case 0x01:
    case 0x84:
      return "The broker does not speak this version of MQTT: set "
             "`protocol_version` to the other one.";
    case 0x02:
    case 0x85:
      return "The broker does not take the probe's client id. It may take only "
             "`client_id`, or only known ones: then `link` of the broker "
             "resource says whether it takes the worker.";
    case 0x03:
    case 0x88:
    case 0x89:
    case 0x8B:
      return "The broker is there, but serves nobody now: ask the customer.";
    case 0x04:
    case 0x86:
      return "Check `username_password` with the customer.";
    case 0x05:
    case 0x87:
      return "Check `username_password` and `client_certificate` with the "
             "customer, and whether the broker lets this user in only by "
             "`client_id` (a probe has another).";
    case 0x8C:
      return "The broker wants another way of authentication than password or "
             "certificate.";
    case 0x9C:
    case 0x9D:
      return "The broker has moved: ask the customer for its new address.";
    case 0x97:
    case 0x9F:
      return "The broker has too many connections, or they come too fast: ask "
             "the customer to raise its limit.";
    default:
      return "Ask the customer what the broker's log says about it.";
  }
}

absl::string_view OfTls(ProbeCause cause) {
  switch (cause) {
    case ProbeCause::kNotTls:
      return "The port may be one without TLS: check `port` and `tls.enabled` "
             "(8883 is usual with TLS, 1883 without).";
    case ProbeCause::kUntrusted:
      return "Set `tls.ca_certificates_pem` to the certificate of the "
             "authority that signed the broker's, or ask the customer to let "
             "the broker send its whole chain.";
    case ProbeCause::kExpired:
      return "Ask the customer to renew the broker's certificate.";
    case ProbeCause::kNotYetValid:
      return "The certificate is from the future: check the clocks of the "
             "customer's authority and of this machine.";
    case ProbeCause::kNameMismatch:
      return "Set `host`, or `tls.server_name`, to a name that the "
             "certificate is valid for.";
    case ProbeCause::kClientCertificate:
      return "The broker wants a client certificate that it knows: check "
             "`client_certificate` with the customer.";
    case ProbeCause::kNotVerified:
      return "Anybody could pose as this broker: set "
             "`tls.ca_certificates_pem` and switch `tls.insecure_skip_verify` "
             "off.";
    case ProbeCause::kTimedOut:
      return "The port may be one without TLS, or a firewall holds the "
             "traffic: check `port` and `tls.enabled`.";
    default:
      return "The two sides may have no TLS version or cipher in common, or "
             "the broker wants a client certificate: ask the customer.";
  }
}

absl::string_view OfConnect(const ProbeFinding& finding, bool tls) {
  switch (finding.cause) {
    case ProbeCause::kRefused:
      return OfConnack(finding.reason_code.value_or(0));
    case ProbeCause::kClosed:
    case ProbeCause::kMalformed:
      return tls ? "The port may not be one of MQTT: check `port`. Some "
                   "brokers hang up on a wrong login, an unknown client id or "
                   "a missing client certificate."
                 : "The port may be one with TLS, or not one of MQTT: check "
                   "`port` and `tls.enabled`. Some brokers hang up on a wrong "
                   "login or an unknown client id.";
    case ProbeCause::kTimedOut:
      return "Something takes connections there and does not answer: check "
             "`host`, `port` and `tls.enabled`, or ask the customer whether "
             "the broker is overloaded.";
    default:
      return "Ask the customer what the broker's log says about it.";
  }
}

absl::string_view OfTcp(ProbeCause cause) {
  switch (cause) {
    case ProbeCause::kConnectionRefused:
      return "Nothing listens there: check `host` and `port`, and whether the "
             "broker runs.";
    case ProbeCause::kTimedOut:
    case ProbeCause::kUnreachable:
      return "Check `host` and `port`, and whether a firewall of the customer "
             "must let us in.";
    case ProbeCause::kBlocked:
      return "Workers connect to public addresses only, unless those who run "
             "this service allow others: check `host`, or ask them.";
    case ProbeCause::kLinkAddressFailed:
      return "The link uses the first IPv4 address and will not connect: ask "
             "the customer to remove it from DNS or to serve it.";
    default:
      return "Check `host` and `port`.";
  }
}

absl::string_view OfPublish(const ProbeFinding& finding) {
  const int code = finding.reason_code.value_or(0);
  if (const absl::string_view hint = ReasonHint(code); !hint.empty()) {
    return hint;
  }
  switch (finding.cause) {
    case ProbeCause::kNone:
      return "";
    case ProbeCause::kNotOffered:
      return "Change the subscription, or ask the customer to raise the "
             "broker's limit.";
    case ProbeCause::kClosed:
      return "The broker ended the connection on this message, perhaps for its "
             "topic or QoS: ask the customer what the broker's log says.";
    case ProbeCause::kTimedOut:
      return "The broker took the message and did not answer: ask the customer "
             "whether it is overloaded, or denies the topic in silence.";
    default:
      return "Ask the customer what the broker's log says about it.";
  }
}

}  // namespace

absl::string_view ProbeHint(const ProbeFinding& finding,
                            const BrokerRecord& broker) {
  if (finding.kind == ProbeKind::kPublish) return OfPublish(finding);
  if (finding.cause == ProbeCause::kNone) return "";
  switch (finding.kind) {
    case ProbeKind::kDns:
      return finding.cause == ProbeCause::kHostUnknown
                 ? "Check `host`; a name of the customer's own network is not "
                   "known here."
                 : "The name servers of this machine do not answer: ask those "
                   "who run it.";
    case ProbeKind::kTcp:
      return OfTcp(finding.cause);
    case ProbeKind::kTls:
      return OfTls(finding.cause);
    case ProbeKind::kConnect:
      return OfConnect(finding, broker.tls_enabled);
    default:
      return "";
  }
}

}  // namespace mqttpush
