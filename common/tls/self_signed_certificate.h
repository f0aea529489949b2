// MakeCertificate: a self-signed certificate with its key, for tests.
#ifndef MQTTPUSH_COMMON_TLS_SELF_SIGNED_CERTIFICATE_H_
#define MQTTPUSH_COMMON_TLS_SELF_SIGNED_CERTIFICATE_H_

#include <string>

namespace mqttpush {

struct SelfSignedCertificate {
  std::string certificate_pem;
  std::string key_pem;
  std::string encrypted_key_pem;  // with a passphrase
};

// A new key with every call (P-256).
SelfSignedCertificate MakeCertificate(const std::string& common_name);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_TLS_SELF_SIGNED_CERTIFICATE_H_
