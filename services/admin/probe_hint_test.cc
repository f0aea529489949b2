#include "services/admin/probe_hint.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using Cause = ProbeCause;
using Kind = ProbeKind;

TEST(ProbeHintTest, Table) {
  struct Row {
    Kind kind;
    Cause cause;
    std::optional<int> code;
    const char* hint;  // a part of it; empty: there is none
  };
  const Row kTable[] = {
      {Kind::kDns, Cause::kNone, {}, ""},
      {Kind::kDns, Cause::kHostUnknown, {}, "Check `host`"},
      {Kind::kDns, Cause::kResolverSilent, {}, "name servers of this machine"},
      {Kind::kTcp, Cause::kNone, {}, ""},
      {Kind::kTcp, Cause::kConnectionRefused, {}, "Nothing listens there"},
      {Kind::kTcp, Cause::kTimedOut, {}, "firewall"},
      {Kind::kTcp, Cause::kUnreachable, {}, "firewall"},
      {Kind::kTcp, Cause::kLinkAddressFailed, {}, "first IPv4 address"},
      {Kind::kTcp, Cause::kBlocked, {}, "public addresses only"},
      {Kind::kTcp, Cause::kOther, {}, "Check `host` and `port`"},
      {Kind::kTls, Cause::kNone, {}, ""},
      {Kind::kTls, Cause::kNotTls, {}, "8883 is usual"},
      {Kind::kTls, Cause::kUntrusted, {}, "`tls.ca_certificates_pem`"},
      {Kind::kTls, Cause::kExpired, {}, "renew"},
      {Kind::kTls, Cause::kNotYetValid, {}, "clocks"},
      {Kind::kTls, Cause::kNameMismatch, {}, "`tls.server_name`"},
      {Kind::kTls, Cause::kClientCertificate, {}, "`client_certificate`"},
      {Kind::kTls,
       Cause::kNotVerified,
       {},
       "switch `tls.insecure_skip_verify`"},
      {Kind::kTls, Cause::kTimedOut, {}, "without TLS"},
      {Kind::kTls, Cause::kOther, {}, "cipher in common"},
      {Kind::kConnect, Cause::kNone, 0, ""},
      {Kind::kConnect, Cause::kRefused, 1, "`protocol_version`"},
      {Kind::kConnect, Cause::kRefused, 0x84, "`protocol_version`"},
      {Kind::kConnect, Cause::kRefused, 2, "the probe's client id"},
      {Kind::kConnect, Cause::kRefused, 0x85, "the probe's client id"},
      {Kind::kConnect, Cause::kRefused, 3, "serves nobody now"},
      {Kind::kConnect, Cause::kRefused, 4, "Check `username_password`"},
      {Kind::kConnect, Cause::kRefused, 0x86, "Check `username_password`"},
      {Kind::kConnect, Cause::kRefused, 5, "only by `client_id`"},
      {Kind::kConnect, Cause::kRefused, 0x87, "only by `client_id`"},
      {Kind::kConnect, Cause::kRefused, 0x8C, "authentication"},
      {Kind::kConnect, Cause::kRefused, 0x9D, "moved"},
      {Kind::kConnect, Cause::kRefused, 0x9F, "too many connections"},
      {Kind::kConnect, Cause::kRefused, 0x80, "the broker's log"},
      {Kind::kConnect, Cause::kClosed, {}, "may be one with TLS"},
      {Kind::kConnect, Cause::kMalformed, {}, "may be one with TLS"},
      {Kind::kConnect, Cause::kTimedOut, {}, "does not answer"},
      {Kind::kPublish, Cause::kNone, 0, ""},
      {Kind::kPublish, Cause::kNone, 0x10, "nobody is subscribed"},
      {Kind::kPublish, Cause::kRefused, 0x87, "publish to this topic"},
      {Kind::kPublish, Cause::kRefused, 0x80, "the broker's log"},
      {Kind::kPublish, Cause::kNotOffered, {}, "Change the subscription"},
      {Kind::kPublish, Cause::kClosed, {}, "ended the connection"},
      {Kind::kPublish, Cause::kTimedOut, {}, "in silence"},
  };
  for (const Row& row : kTable) {
    const ProbeFinding finding{
        .kind = row.kind, .cause = row.cause, .reason_code = row.code};
    const std::string hint(ProbeHint(finding, BrokerRecord()));
    SCOPED_TRACE(row.hint);
    if (*row.hint == '\0') {
      EXPECT_EQ(hint, "");
    } else {
      EXPECT_THAT(hint, HasSubstr(row.hint));
    }
  }
}

TEST(ProbeHintTest, WithTlsThePortIsOneOfTls) {
  BrokerRecord broker;
  broker.tls_enabled = true;
  const ProbeFinding finding{.kind = Kind::kConnect, .cause = Cause::kClosed};
  EXPECT_THAT(std::string(ProbeHint(finding, broker)),
              HasSubstr("may not be one of MQTT"));
}

}  // namespace
}  // namespace mqttpush
