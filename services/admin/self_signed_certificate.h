// MakeCertificate: a self-signed certificate with its key, for tests.
#ifndef MQTTPUSH_SERVICES_ADMIN_TEST_CERTIFICATE_H_
#define MQTTPUSH_SERVICES_ADMIN_TEST_CERTIFICATE_H_

#include <string>

namespace mqttpush {

struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
  std::string encrypted_key_pem;  // with a passphrase
};

// A new key with every call (P-256).
TestCertificate MakeCertificate(const std::string& common_name);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_TEST_CERTIFICATE_H_
