#include "common/tls/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/tls/self_signed_certificate.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string MessageOf(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(PemTest, TakesOneOrMoreCertificates) {
  const SelfSignedCertificate a = MakeCertificate("a");
  const SelfSignedCertificate b = MakeCertificate("b");
  EXPECT_TRUE(CheckCertificates(a.certificate_pem).ok());
  EXPECT_TRUE(CheckCertificates(absl::StrCat("# a\n", a.certificate_pem,
                                             "\n# b\r\n", b.certificate_pem))
                  .ok());
}

TEST(PemTest, RefusesWhatIsNotCertificates) {
  const SelfSignedCertificate a = MakeCertificate("a");
  std::string broken = a.certificate_pem;
  broken[broken.size() / 2] ^= 4;
  std::string half = a.certificate_pem.substr(0, a.certificate_pem.size() / 2);
  for (const std::string& pem :
       {std::string(""), std::string("hello"),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n"
                    "-----END CERTIFICATE-----\n"),
        half, absl::StrCat(a.certificate_pem, half),
        std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                    "-----END PUBLIC KEY-----\n")}) {
    EXPECT_THAT(MessageOf(CheckCertificates(pem)), HasSubstr("PEM")) << pem;
  }
}

// It would be shown to every caller.
TEST(PemTest, RefusesAPrivateKeyAmongCertificates) {
  const SelfSignedCertificate a = MakeCertificate("a");
  for (const std::string& pem :
       {absl::StrCat(a.certificate_pem, a.key_pem),
        absl::StrCat(a.key_pem, a.certificate_pem),
        absl::StrCat(a.certificate_pem, a.key_pem.substr(0, 60))}) {
    EXPECT_THAT(MessageOf(CheckCertificates(pem)), HasSubstr("private key"));
  }
}

TEST(PemTest, KeyMustBelongToTheLeaf) {
  const SelfSignedCertificate a = MakeCertificate("a");
  const SelfSignedCertificate b = MakeCertificate("b");
  EXPECT_TRUE(CheckPrivateKey(a.key_pem, a.certificate_pem).ok());
  EXPECT_TRUE(CheckPrivateKey(
                  a.key_pem, absl::StrCat(a.certificate_pem, b.certificate_pem))
                  .ok());
  EXPECT_THAT(MessageOf(CheckPrivateKey(b.key_pem, a.certificate_pem)),
              HasSubstr("does not belong"));
  EXPECT_THAT(
      MessageOf(CheckPrivateKey(
          a.key_pem, absl::StrCat(b.certificate_pem, a.certificate_pem))),
      HasSubstr("does not belong"));
}

TEST(PemTest, KeyErrorsTellNothingOfTheKey) {
  const SelfSignedCertificate a = MakeCertificate("a");
  for (const std::string& key :
       {std::string("hunter2"), a.encrypted_key_pem, a.certificate_pem}) {
    const std::string message =
        MessageOf(CheckPrivateKey(key, a.certificate_pem));
    EXPECT_THAT(message, HasSubstr("unencrypted PEM private key"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace mqttpush
