#include "workers/probe/tls_verdict.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(JudgeCertificateTest, Table) {
  struct Row {
    CertificateFacts facts;
    ProbeCause cause;
    const char* text;
  };
  const Row kTable[] = {
      {{}, ProbeCause::kNone, ""},
      {{.errors = {X509_V_ERR_CERT_HAS_EXPIRED}},
       ProbeCause::kExpired,
       "certificate verify failed: certificate has expired"},
      {{.errors = {X509_V_ERR_CERT_NOT_YET_VALID}},
       ProbeCause::kNotYetValid,
       "certificate verify failed: certificate is not yet valid"},
      // The second follows from the first.
      {{.errors = {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                   X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE}},
       ProbeCause::kUntrusted,
       "certificate verify failed: unable to get local issuer certificate"},
      {{.errors = {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT}},
       ProbeCause::kUntrusted,
       "certificate verify failed: self-signed certificate"},
      {{.errors = {X509_V_ERR_CA_MD_TOO_WEAK}},
       ProbeCause::kOther,
       "certificate verify failed: CA signature digest algorithm too weak"},
      {{.name = "b.example", .name_matches = false, .names = {"a", "c"}},
       ProbeCause::kNameMismatch,
       "certificate verify failed: it is not valid for \"b.example\", but for "
       "a, c"},
      {{.name = "b.example", .name_matches = false},
       ProbeCause::kNameMismatch,
       "certificate verify failed: it is not valid for \"b.example\", but for "
       "no name"},
      // All that is wrong is told, so that it can be mended at once.
      {{.errors = {X509_V_ERR_CERT_HAS_EXPIRED},
        .name = "b",
        .name_matches = false,
        .names = {"a"}},
       ProbeCause::kExpired,
       "certificate verify failed: certificate has expired; it is not valid "
       "for \"b\", but for a"},
  };
  for (const Row& row : kTable) {
    const Verdict verdict = JudgeCertificate(row.facts);
    EXPECT_EQ(verdict.cause, row.cause) << row.text;
    EXPECT_EQ(verdict.text, row.text);
  }
}

TEST(JudgeTlsFailureTest, Table) {
  struct Row {
    int reason;
    ProbeCause cause;
  };
  const Row kTable[] = {
      {SSL_R_WRONG_VERSION_NUMBER, ProbeCause::kNotTls},
      {SSL_R_UNEXPECTED_EOF_WHILE_READING, ProbeCause::kNotTls},
      {SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_REQUIRED,
       ProbeCause::kClientCertificate},
      {SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA,
       ProbeCause::kClientCertificate},
      {SSL_AD_REASON_OFFSET + SSL_AD_HANDSHAKE_FAILURE, ProbeCause::kOther},
      {SSL_R_NO_PROTOCOLS_AVAILABLE, ProbeCause::kOther},
  };
  for (const Row& row : kTable) {
    const unsigned long error = ERR_PACK(ERR_LIB_SSL, 0, row.reason);
    EXPECT_EQ(JudgeTlsFailure(error, "x").cause, row.cause) << row.reason;
    EXPECT_EQ(JudgeTlsFailure(error, "x").text, "x");
  }
  EXPECT_EQ(JudgeTlsFailure(0, "").cause, ProbeCause::kOther);
}

}  // namespace
}  // namespace mqttpush
