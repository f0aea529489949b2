// What a probe of a broker is to do, and what it found.
//
// Here because services/ and workers/ do not know each other: services judge
// what workers find. server/ joins them.
#ifndef MQTTPUSH_COMMON_BROKER_PROBE_H_
#define MQTTPUSH_COMMON_BROKER_PROBE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/broker_offer.h"

namespace mqttpush {

// The numbers of ProbeStep.Kind, in the order of the steps.
enum class ProbeKind {
  kDns = 1,
  kTcp = 2,
  kTls = 3,
  kConnect = 4,
  kLimits = 5,
  kPublish = 6,
};

// Why a step is not as it should be, as far as advice depends on it.
enum class ProbeCause {
  kNone = 0,
  kOther = 1,
  kTimedOut = 2,
  // DNS.
  kHostUnknown = 3,
  kResolverSilent = 4,
  // TCP.
  kConnectionRefused = 5,
  kUnreachable = 6,
  kBlocked = 19,  // by our own rules (workers/egress)
  // Another address answers, but the link does not use it: a warning.
  kLinkAddressFailed = 7,
  // TLS.
  kNotTls = 8,
  kUntrusted = 9,
  kExpired = 10,
  kNotYetValid = 11,
  kNameMismatch = 12,
  kClientCertificate =
      13,             // the broker did not like ours, or that there is none
  kNotVerified = 14,  // a check failed that is switched off: a warning
  // CONNECT and PUBLISH.
  kRefused = 15,  // reason_code says why
  kClosed = 16,   // without an answer
  kMalformed = 17,
  // PUBLISH.
  kNotOffered = 18,  // not sent: the broker does not take the QoS
};

struct ProbeCertificate {
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;
  absl::Time not_before;
  absl::Time not_after;
};

struct ProbeTls {
  std::string protocol;
  std::string cipher;
  std::vector<ProbeCertificate> chain;  // as sent, leaf first
};

// How one step ended; see ProbeStep in admin_service.proto.
struct ProbeFinding {
  ProbeKind kind = ProbeKind::kDns;
  ProbeCause cause = ProbeCause::kNone;
  absl::Duration duration;
  std::string text;
  std::vector<std::string> addresses;
  std::optional<ProbeTls> tls;
  std::optional<int> reason_code;
  std::optional<BrokerOffer> offer;  // CONNECT, when it was accepted
};

struct ProbePublication {
  std::string subscription;  // its name
  std::string topic;
  int qos = 0;
};

// What to do besides connecting.
struct ProbeOrder {
  // Whose broker it is; says where the probe may connect.
  std::string tenant_id;
  absl::Duration timeout;
  // What the link asks the broker for; zero: a clean session.
  absl::Duration session_expiry;
  std::string payload;
  std::vector<ProbePublication> publications;
};

struct ProbeReport {
  // In the order of the steps; those of PUBLISH in that of the publications.
  std::vector<ProbeFinding> findings;
  // Why there is no finding of the next step, though the last one allows for
  // it; empty: all were made.
  std::string cut_short;
  // That is because the service stops.
  bool stopping = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_BROKER_PROBE_H_
