// TestCertificateAuthority: certificates for tests, made by the openssl
// program.
#ifndef MQTTPUSH_TESTS_SUPPORT_TEST_CERTIFICATE_AUTHORITY_H_
#define MQTTPUSH_TESTS_SUPPORT_TEST_CERTIFICATE_AUTHORITY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

// A certificate and its key, as files and as text.
struct TestCertificate {
  std::string certificate_path;
  std::string key_path;
  std::string certificate_pem;
  std::string key_pem;
};

// Keeps its files in a directory that is gone with it. Not thread-safe.
class TestCertificateAuthority {
 public:
  // `name` is the common name of the authority.
  static absl::StatusOr<std::unique_ptr<TestCertificateAuthority>> Create(
      const std::string& name = "Test CA");

  const std::string& ca_path() const { return ca_.certificate_path; }
  const std::string& ca_pem() const { return ca_.certificate_pem; }

  // For the names in `subject_alt_names` only, and for so many days; -1: it
  // expired yesterday.
  absl::StatusOr<TestCertificate> IssueServer(
      const std::string& subject_alt_names = "DNS:localhost,IP:127.0.0.1",
      int days = kDays);
  absl::StatusOr<TestCertificate> IssueClient(const std::string& common_name);

 private:
  static constexpr int kDays = 30;

  TestCertificateAuthority() = default;
  absl::StatusOr<TestCertificate> Issue(const std::string& common_name,
                                        const std::string& extensions,
                                        int days = kDays);
  TestCertificate Paths(const std::string& stem) const;

  TempDir dir_;
  TestCertificate ca_;
  int issued_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_TEST_CERTIFICATE_AUTHORITY_H_
