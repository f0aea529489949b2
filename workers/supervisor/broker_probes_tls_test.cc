// Probes of brokers behind TLS.
#include "absl/strings/str_cat.h"
#include "tests/support/free_port.h"
#include "tests/support/test_certificate_authority.h"
#include "workers/supervisor/broker_probes_fixture_for_test.h"

namespace mqttpush {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class BrokerProbesTlsTest : public BrokerProbesTest {
 protected:
  void SetUp() override {
    auto authority = TestCertificateAuthority::Create();
    ASSERT_TRUE(authority.ok()) << authority.status();
    authority_ = *std::move(authority);
  }
  // Trusts the broker's authority.
  BrokerRecord Trusting(const MosquittoBroker& broker) {
    BrokerRecord record = At(broker.port(), ProtocolVersion::kMqtt311);
    record.tls_enabled = true;
    record.tls_ca_certificates_pem = authority_->ca_pem();
    return record;
  }

  std::unique_ptr<TestCertificateAuthority> authority_;
};

TEST_F(BrokerProbesTlsTest, AGoodCertificateIsDescribed) {
  auto broker = Start({.tls = authority_.get()});
  const ProbeReport report = Run(Trusting(*broker));
  EXPECT_EQ(Last(report, ProbeKind::kConnect).cause, ProbeCause::kNone);
  ASSERT_THAT(report.findings, SizeIs(4));
  const ProbeFinding& tls = report.findings[2];
  EXPECT_EQ(tls.kind, ProbeKind::kTls);
  EXPECT_THAT(tls.text,
              StartsWith("TLSv1.3 with TLS_AES_256_GCM_SHA384; the "
                         "certificate is valid for \"127.0.0.1\" until 20"));
  ASSERT_TRUE(tls.tls.has_value());
  EXPECT_EQ(tls.tls->protocol, "TLSv1.3");
  EXPECT_EQ(tls.tls->cipher, "TLS_AES_256_GCM_SHA384");
  // mosquitto sends its authority too.
  ASSERT_THAT(tls.tls->chain, SizeIs(2));
  const ProbeCertificate& leaf = tls.tls->chain[0];
  EXPECT_EQ(leaf.subject, "CN=test broker");
  EXPECT_EQ(leaf.issuer, "CN=Test CA");
  EXPECT_THAT(leaf.names, ElementsAre("localhost", "127.0.0.1"));
  EXPECT_EQ(leaf.not_after - leaf.not_before, absl::Hours(30 * 24));
}

TEST_F(BrokerProbesTlsTest, AnExpiredCertificateIsShownAndNotUsed) {
  auto broker = Start({.tls = authority_.get(), .certificate_days = -1});
  const ProbeFinding tls = Last(Run(Trusting(*broker)), ProbeKind::kTls);
  EXPECT_EQ(tls.cause, ProbeCause::kExpired);
  EXPECT_EQ(tls.text, "certificate verify failed: certificate has expired");
  ASSERT_TRUE(tls.tls.has_value());
  EXPECT_EQ(tls.tls->chain.at(0).subject, "CN=test broker");
}

TEST_F(BrokerProbesTlsTest, AWrongNameIsToldWithTheRightOnes) {
  auto broker = Start({.tls = authority_.get(),
                       .subject_alt_names = "DNS:b.example,IP:192.0.2.7"});
  const ProbeFinding tls = Last(Run(Trusting(*broker)), ProbeKind::kTls);
  EXPECT_EQ(tls.cause, ProbeCause::kNameMismatch);
  EXPECT_EQ(tls.text,
            "certificate verify failed: it is not valid for \"127.0.0.1\", but "
            "for b.example, 192.0.2.7");
  BrokerRecord named = Trusting(*broker);
  named.tls_server_name = "b.example";
  EXPECT_EQ(Last(Run(named), ProbeKind::kConnect).cause, ProbeCause::kNone);
}

TEST_F(BrokerProbesTlsTest, AnUnknownAuthorityIsNotTrusted) {
  auto broker = Start({.tls = authority_.get()});
  BrokerRecord record = Trusting(*broker);
  record.tls_ca_certificates_pem = "";  // the system's
  ProbeFinding tls = Last(Run(record), ProbeKind::kTls);
  EXPECT_EQ(tls.cause, ProbeCause::kUntrusted);
  EXPECT_EQ(tls.text,
            "certificate verify failed: self-signed certificate in "
            "certificate chain");
  // Unless that is switched off, which is told.
  record.tls_insecure_skip_verify = true;
  const ProbeReport report = Run(record);
  ASSERT_THAT(report.findings, SizeIs(4));
  tls = report.findings[2];
  EXPECT_EQ(tls.cause, ProbeCause::kNotVerified);
  EXPECT_THAT(tls.text,
              HasSubstr("insecure_skip_verify accepts any certificate: "
                        "certificate verify failed: self-signed"));
}

TEST_F(BrokerProbesTlsTest, AClientCertificateIsShown) {
  auto broker =
      Start({.tls = authority_.get(), .require_client_certificate = true});
  BrokerRecord record = Trusting(*broker);
  const ProbeFinding tls = Last(Run(record), ProbeKind::kTls);
  EXPECT_EQ(tls.cause, ProbeCause::kClientCertificate);
  EXPECT_THAT(tls.text, HasSubstr("certificate required"));
  EXPECT_TRUE(tls.tls.has_value());
  auto certificate = authority_->IssueClient("tenant-a");
  ASSERT_TRUE(certificate.ok());
  record.certificate_chain_pem = certificate->certificate_pem;
  record.private_key_pem = certificate->key_pem;
  EXPECT_EQ(Last(Run(record), ProbeKind::kConnect).cause, ProbeCause::kNone);
}

TEST_F(BrokerProbesTlsTest, APortWithoutTlsIsTold) {
  auto broker = Start({});
  const ProbeFinding tls = Last(Run(Trusting(*broker)), ProbeKind::kTls);
  EXPECT_EQ(tls.cause, ProbeCause::kNotTls);
  EXPECT_THAT(tls.text, AnyOf(HasSubstr("during the TLS handshake"),
                              HasSubstr("unexpected eof")));
}

TEST_F(BrokerProbesTlsTest, APortWithTlsIsTold) {
  auto broker = Start({.tls = authority_.get()});
  const ProbeFinding connect = Last(
      Run(At(broker->port(), ProtocolVersion::kMqtt311)), ProbeKind::kConnect);
  EXPECT_THAT(connect.cause,
              AnyOf(ProbeCause::kClosed, ProbeCause::kMalformed));
}

}  // namespace
}  // namespace mqttpush
