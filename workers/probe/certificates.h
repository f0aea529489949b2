// Certificates between OpenSSL and what a probe tells of them.
#ifndef MQTTPUSH_WORKERS_PROBE_CERTIFICATES_H_
#define MQTTPUSH_WORKERS_PROBE_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "mqttpush/worker/v1/probe.pb.h"

namespace mqttpush {

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, X509Deleter>;
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

// As many as can be read.
std::vector<X509Ptr> ReadCertificates(const std::string& pem);
// Null when it cannot be read.
KeyPtr ReadKey(const std::string& pem);

worker::v1::ProbeCertificate DescribeCertificate(X509* certificate);
// The DNS names and addresses it is valid for; where it has none, its common
// name, which then counts (RFC 6125, section 6.4.4).
std::vector<std::string> NamesOf(X509* certificate);
// Whether it is valid for a host name or an address.
bool IsValidFor(X509* certificate, const std::string& name);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_CERTIFICATES_H_
