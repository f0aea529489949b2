// TlsClient: OpenSSL as a link uses it, but that it goes on past a certificate
// that does not verify, and tells all about it.
#ifndef MQTTPUSH_WORKERS_PROBE_TLS_CLIENT_H_
#define MQTTPUSH_WORKERS_PROBE_TLS_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mqttpush/worker/v1/probe.pb.h"
#include "workers/probe/byte_stream.h"
#include "workers/probe/tls_verdict.h"

namespace mqttpush {

// For one handshake. Nothing may be sent over a connection whose certificate is
// not good: a password would be read by whoever it is. Not thread-safe.
class TlsClient {
 public:
  // `host` is verified unless the settings name another one. INVALID_ARGUMENT:
  // the certificates or the key of the settings cannot be used.
  static absl::StatusOr<std::unique_ptr<TlsClient>> Create(
      const worker::v1::Tls& settings, const std::string& host);

  // This must outlive it.
  absl::StatusOr<SslPtr> MakeSsl();

  // After the handshake.
  worker::v1::ProbeTls Describe(const SSL* ssl) const;
  Verdict Judge(const SSL* ssl) const;

 private:
  struct ContextDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  explicit TlsClient(std::string name) : name_(std::move(name)) {}
  absl::Status SetUp(const worker::v1::Tls& settings);
  static int OnVerify(int ok, X509_STORE_CTX* store);

  const std::string name_;
  std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::vector<int> errors_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_TLS_CLIENT_H_
