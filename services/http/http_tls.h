// HttpTls: the newest certificate as asio wants it.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_TLS_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_TLS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/tls/server_certificate.h"
#include "services/http/http_stream.h"

namespace mqttpush {

// Not thread-safe.
class HttpTls {
 public:
  // `certificate` must outlive it; null: plaintext. INVALID_ARGUMENT when
  // OpenSSL does not take it.
  static absl::StatusOr<HttpTls> Make(ServerCertificate* certificate);

  // For one more connection; null for plaintext. TLS 1.2 or newer; clients are
  // not asked for a certificate, which browsers would show to people.
  HttpStream::TlsContext Context();

 private:
  explicit HttpTls(ServerCertificate* certificate)
      : certificate_(certificate) {}

  ServerCertificate* const certificate_;
  std::shared_ptr<const ServerCertificatePems> made_of_;
  HttpStream::TlsContext context_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_TLS_H_
