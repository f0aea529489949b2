#include "common/tls/server_certificate.h"

#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/tls/self_signed_certificate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ServerCertificateTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return absl::StrCat(dir_.path(), "/", name);
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  void Write(const SelfSignedCertificate& certificate) {
    Write("tls.crt", certificate.certificate_pem);
    Write("tls.key", certificate.key_pem);
  }
  ServerCertificateFiles Files() const {
    return {.certificate = Path("tls.crt"), .key = Path("tls.key")};
  }
  // Looks at the files with every call of Current.
  std::unique_ptr<ServerCertificate> Load() {
    auto loaded = ServerCertificate::Load(Files(), absl::ZeroDuration());
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return *std::move(loaded);
  }

  const SelfSignedCertificate a_ = MakeCertificate("a");
  const SelfSignedCertificate b_ = MakeCertificate("b");
  TempDir dir_;
};

TEST_F(ServerCertificateTest, ReplacedFilesAreTaken) {
  Write(a_);
  auto certificate = Load();
  EXPECT_EQ(certificate->Current()->certificate, a_.certificate_pem);
  EXPECT_EQ(certificate->Current(), certificate->Current());
  Write(b_);
  EXPECT_EQ(certificate->Current()->certificate, b_.certificate_pem);
  EXPECT_EQ(certificate->Current()->key, b_.key_pem);
}

// As Kubernetes replaces a secret: ..data is a link to a folder, and is renamed
// over.
TEST_F(ServerCertificateTest, AReplacedLinkIsTaken) {
  ASSERT_EQ(mkdir(Path("1").c_str(), 0700), 0);
  ASSERT_EQ(mkdir(Path("2").c_str(), 0700), 0);
  for (const auto& [folder, pems] :
       {std::pair("1/", a_), std::pair("2/", b_)}) {
    Write(absl::StrCat(folder, "tls.crt"), pems.certificate_pem);
    Write(absl::StrCat(folder, "tls.key"), pems.key_pem);
  }
  ASSERT_EQ(symlink("1", Path("data").c_str()), 0);
  auto certificate = ServerCertificate::Load(
      {.certificate = Path("data/tls.crt"), .key = Path("data/tls.key")},
      absl::ZeroDuration());
  ASSERT_TRUE(certificate.ok());
  ASSERT_EQ(symlink("2", Path("next").c_str()), 0);
  ASSERT_EQ(rename(Path("next").c_str(), Path("data").c_str()), 0);
  EXPECT_EQ((*certificate)->Current()->certificate, b_.certificate_pem);
}

TEST_F(ServerCertificateTest, WhatCannotBeUsedLeavesWhatWas) {
  Write(a_);
  auto certificate = Load();
  Write("tls.crt", b_.certificate_pem);  // its key is not there yet
  EXPECT_EQ(certificate->Current()->certificate, a_.certificate_pem);
  unlink(Path("tls.crt").c_str());
  EXPECT_EQ(certificate->Current()->certificate, a_.certificate_pem);
  Write(b_);
  EXPECT_EQ(certificate->Current()->certificate, b_.certificate_pem);
}

TEST_F(ServerCertificateTest, FilesAreNotLookedAtBeforeTheInterval) {
  Write(a_);
  auto certificate = ServerCertificate::Load(Files(), absl::Hours(1));
  ASSERT_TRUE(certificate.ok());
  Write(b_);
  EXPECT_EQ((*certificate)->Current()->certificate, a_.certificate_pem);
}

TEST_F(ServerCertificateTest, AnErrorNamesTheFileAndShowsNothingOfIt) {
  const auto message = [this](const ServerCertificateFiles& files) {
    return std::string(ServerCertificate::Load(files).status().message());
  };
  EXPECT_THAT(message(Files()), HasSubstr("tls.crt: "));
  Write("tls.crt", a_.certificate_pem);
  EXPECT_THAT(message(Files()), HasSubstr("tls.key: "));
  Write("tls.key", b_.key_pem);
  EXPECT_THAT(message(Files()), AllOf(HasSubstr("tls.key: does not belong to"),
                                      Not(HasSubstr("BEGIN"))));
  Write(a_);
  ServerCertificateFiles with_clients = Files();
  with_clients.client_ca = Path("ca.crt");
  Write("ca.crt", "hello");
  EXPECT_THAT(message(with_clients), HasSubstr("ca.crt: must be PEM"));
  Write("ca.crt", b_.certificate_pem);
  EXPECT_EQ(message(with_clients), "");
}

}  // namespace
}  // namespace mqttpush
