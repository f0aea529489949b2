#include "tests/support/test_certificate_authority.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/support/child_process.h"

namespace mqttpush {
namespace {

absl::Status OpenSsl(std::vector<std::string> arguments,
                     const std::string& log_path) {
  arguments.insert(arguments.begin(), "openssl");
  absl::Status status =
      ChildProcess::Run({.argv = std::move(arguments), .log_path = log_path});
  if (status.ok()) return status;
  return absl::InternalError(
      absl::StrCat(status.message(), "\n", ReadFile(log_path)));
}

void ReadBack(TestCertificate& certificate) {
  certificate.certificate_pem = ReadFile(certificate.certificate_path);
  certificate.key_pem = ReadFile(certificate.key_path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TestCertificateAuthority>>
TestCertificateAuthority::Create(const std::string& name) {
  std::unique_ptr<TestCertificateAuthority> authority(
      new TestCertificateAuthority());
  TestCertificate& ca = authority->ca_;
  ca = authority->Paths("ca");
  MQTTPUSH_RETURN_IF_ERROR(OpenSsl(
      {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
       "-nodes", "-days", "30", "-subj", absl::StrCat("/CN=", name), "-keyout",
       ca.key_path, "-out", ca.certificate_path},
      authority->dir_.File("openssl.log")));
  ReadBack(ca);
  return authority;
}

absl::StatusOr<TestCertificate> TestCertificateAuthority::IssueServer(
    const std::string& subject_alt_names, int days) {
  return Issue("test broker",
               absl::StrCat("extendedKeyUsage=serverAuth\nsubjectAltName=",
                            subject_alt_names, "\n"),
               days);
}

absl::StatusOr<TestCertificate> TestCertificateAuthority::IssueClient(
    const std::string& common_name) {
  return Issue(common_name, "extendedKeyUsage=clientAuth\n");
}

absl::StatusOr<TestCertificate> TestCertificateAuthority::Issue(
    const std::string& common_name, const std::string& extensions, int days) {
  const std::string stem = absl::StrCat("certificate", ++issued_);
  TestCertificate certificate = Paths(stem);
  const std::string request = dir_.File(stem + ".csr");
  const std::string extension_file = dir_.File(stem + ".ext");
  const std::string log = dir_.File("openssl.log");
  WriteFile(extension_file, extensions);
  MQTTPUSH_RETURN_IF_ERROR(
      OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-subj", absl::StrCat("/CN=", common_name), "-keyout",
               certificate.key_path, "-out", request},
              log));
  MQTTPUSH_RETURN_IF_ERROR(OpenSsl(
      {"x509", "-req", "-days", absl::StrCat(days), "-in", request, "-CA",
       ca_.certificate_path, "-CAkey", ca_.key_path, "-CAcreateserial",
       "-extfile", extension_file, "-out", certificate.certificate_path},
      log));
  ReadBack(certificate);
  return certificate;
}

TestCertificate TestCertificateAuthority::Paths(const std::string& stem) const {
  TestCertificate certificate;
  certificate.certificate_path = dir_.File(stem + ".crt");
  certificate.key_path = dir_.File(stem + ".key");
  return certificate;
}

}  // namespace mqttpush
