#include "workers/supervisor/probe_messages.h"

#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/link/probe_bounds.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ToFindingTest, TakesWhatAProbeMaySay) {
  worker::v1::ProbeFinding said;
  said.set_text("words");
  said.add_addresses("192.0.2.7");
  auto& certificate = *said.mutable_tls()->add_chain();
  certificate.set_subject("CN=b");
  certificate.add_names("b.example");
  const ProbeFinding finding = ToFinding(said);
  EXPECT_EQ(finding.text, "words");
  EXPECT_THAT(finding.addresses, ElementsAre("192.0.2.7"));
  ASSERT_THAT(finding.tls->chain, SizeIs(1));
  EXPECT_EQ(finding.tls->chain[0].subject, "CN=b");
  EXPECT_THAT(finding.tls->chain[0].names, ElementsAre("b.example"));
}

TEST(ToFindingTest, TakesNoMore) {
  constexpr int kMany = 1000;
  const std::string endless(100'000, 'x');
  worker::v1::ProbeFinding said;
  said.set_text(endless);
  said.mutable_tls()->set_protocol(endless);
  said.mutable_tls()->set_cipher(endless);
  for (int i = 0; i < kMany; ++i) {
    said.add_addresses(endless);
    said.mutable_tls()->add_chain();
  }
  auto& certificate = *said.mutable_tls()->mutable_chain(0);
  certificate.set_subject(endless);
  certificate.set_issuer(endless);
  for (int i = 0; i < kMany; ++i) certificate.add_names(endless);

  const ProbeFinding finding = ToFinding(said);
  EXPECT_THAT(finding.text, SizeIs(limits::kMaxErrorMessageBytes));
  ASSERT_THAT(finding.addresses, SizeIs(kMaxProbeAddresses));
  EXPECT_THAT(finding.addresses[0], SizeIs(kMaxProbeNameBytes));
  EXPECT_THAT(finding.tls->protocol, SizeIs(kMaxProbeNameBytes));
  EXPECT_THAT(finding.tls->cipher, SizeIs(kMaxProbeNameBytes));
  ASSERT_THAT(finding.tls->chain, SizeIs(kMaxProbeCertificates));
  const ProbeCertificate& leaf = finding.tls->chain[0];
  EXPECT_THAT(leaf.subject, SizeIs(kMaxProbeNameBytes));
  EXPECT_THAT(leaf.issuer, SizeIs(kMaxProbeNameBytes));
  ASSERT_THAT(leaf.names, SizeIs(kMaxProbeNames));
  EXPECT_THAT(leaf.names[0], SizeIs(kMaxProbeNameBytes));
}

}  // namespace
}  // namespace mqttpush
