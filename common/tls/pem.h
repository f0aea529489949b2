// PEM certificates and keys, parsed by OpenSSL.
//
// INVALID_ARGUMENT on failure; the message is the description of a violation
// and holds nothing of the input.
#ifndef MQTTPUSH_COMMON_TLS_PEM_H_
#define MQTTPUSH_COMMON_TLS_PEM_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// OK if `pem` holds at least one certificate, every block parses, and no block
// is anything else: what is in a certificate field is shown to callers, so a
// private key must not get there.
absl::Status CheckCertificates(absl::string_view pem);

// OK if `key_pem` is an unencrypted private key that belongs to the first
// certificate of `chain_pem`, which must pass CheckCertificates.
absl::Status CheckPrivateKey(absl::string_view key_pem,
                             absl::string_view chain_pem);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_TLS_PEM_H_
