#include "workers/probe/step_verdicts.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using Cause = ProbeCause;

const absl::Status kTimedOut = absl::DeadlineExceededError("timed out");
const absl::Status kClosed = absl::UnavailableError("the peer closed it");
const absl::Status kGarbage = absl::DataLossError("malformed");

void Expect(const Verdict& verdict, Cause cause, const std::string& text) {
  EXPECT_EQ(verdict.cause, cause) << text;
  EXPECT_EQ(verdict.text, text);
}

TEST(JudgeHandshakeTest, Table) {
  Expect(JudgeHandshake(kTimedOut, 0), Cause::kTimedOut,
         "timed out during the TLS handshake");
  Expect(JudgeHandshake(kClosed, 0), Cause::kNotTls,
         "the peer closed it during the TLS handshake");
  const unsigned long alert =
      ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA);
  Expect(JudgeHandshake(absl::AbortedError("TLS: alert"), alert),
         Cause::kClientCertificate, "TLS: alert");
}

TEST(JudgeTlsTest, Table) {
  worker::v1::ProbeTls tls;
  tls.set_protocol("TLSv1.3");
  tls.set_cipher("C");
  tls.add_chain()->mutable_not_after_time()->set_seconds(1'700'000'000);
  worker::v1::Configure settings;
  settings.set_host("h");
  const Verdict good;
  const Verdict bad{Cause::kExpired, "certificate has expired"};
  Expect(JudgeTls(tls, good, settings), Cause::kNone,
         "TLSv1.3 with C; the certificate is valid for \"h\" until "
         "2023-11-14");
  settings.mutable_tls()->set_server_name("n");
  Expect(JudgeTls(tls, good, settings), Cause::kNone,
         "TLSv1.3 with C; the certificate is valid for \"n\" until "
         "2023-11-14");
  Expect(JudgeTls(tls, bad, settings), Cause::kExpired, bad.text);
  settings.mutable_tls()->set_insecure_skip_verify(true);
  Expect(JudgeTls(tls, bad, settings), Cause::kNotVerified,
         "TLSv1.3 with C; insecure_skip_verify accepts any certificate: "
         "certificate has expired");
  Expect(JudgeTls(tls, good, settings), Cause::kNotVerified,
         "TLSv1.3 with C; insecure_skip_verify accepts any certificate: this "
         "one would be accepted without it");
}

TEST(JudgeConnackTest, Table) {
  const auto judge = [](int code, const std::string& reason_string = "") {
    return JudgeConnack(
        mqtt::Connack{.code = code, .reason_string = reason_string}, "id");
  };
  Expect(judge(0), Cause::kNone, "accepted as id");
  Expect(judge(5), Cause::kRefused, "CONNACK 5: not authorized");
  Expect(judge(0x87, "who?"), Cause::kRefused,
         "CONNACK 0x87 not authorized: who?");
  Expect(JudgeConnack(kTimedOut, "id"), Cause::kTimedOut, "no CONNACK in time");
  Expect(JudgeConnack(kClosed, "id"), Cause::kClosed,
         "the peer closed it before CONNACK");
  Expect(JudgeConnack(kGarbage, "id"), Cause::kMalformed, "malformed");
  Expect(JudgeConnack(absl::AbortedError("TLS: x"), "id"), Cause::kOther,
         "TLS: x before CONNACK");
}

TEST(JudgeAnswerTest, Table) {
  const auto puback = [](std::optional<int> code) {
    return PublishAnswer{.packet = "PUBACK", .reason_code = code};
  };
  Expect(JudgeAnswer({.packet = "PINGRESP"}, 0), Cause::kNone,
         "written, and the broker stayed; QoS 0 has no acknowledgement");
  Expect(JudgeAnswer(puback({}), 1), Cause::kNone,
         "PUBACK; in MQTT 3.1.1 a broker may say so and yet drop the message");
  Expect(JudgeAnswer(puback(0), 1), Cause::kNone, "PUBACK 0x00 success");
  Expect(JudgeAnswer(puback(0x10), 1), Cause::kNone,
         "PUBACK 0x10 no matching subscribers");
  Expect(JudgeAnswer(puback(0x87), 1), Cause::kRefused,
         "PUBACK 0x87 not authorized");
  Expect(JudgeAnswer({.status = absl::CancelledError("DISCONNECT"),
                      .packet = "DISCONNECT",
                      .reason_code = 0x97,
                      .reason_string = "paid?"},
                     1),
         Cause::kRefused, "DISCONNECT 0x97 quota exceeded: paid?");
  Expect(JudgeAnswer({.status = kTimedOut, .packet = "PUBREC"}, 2),
         Cause::kTimedOut, "no PUBREC in time");
  Expect(JudgeAnswer({.status = kClosed, .packet = "PINGRESP"}, 0),
         Cause::kClosed, "the peer closed it before PINGRESP");
}

}  // namespace
}  // namespace mqttpush
