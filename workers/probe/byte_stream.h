// ByteStream: a connection to a broker, plain or TLS, on which every wait has
// an end.
#ifndef MQTTPUSH_WORKERS_PROBE_BYTE_STREAM_H_
#define MQTTPUSH_WORKERS_PROBE_BYTE_STREAM_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// Deadlines are of SteadyNow(). Errors: DEADLINE_EXCEEDED; UNAVAILABLE, the
// peer closed or reset the connection; ABORTED, TLS failed, see tls_error().
// Not thread-safe.
class ByteStream {
 public:
  // Owns `fd`, which does not block.
  explicit ByteStream(int fd) : fd_(fd) {}
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // From now on all goes through TLS. `ssl` is set up for a handshake.
  absl::Status StartTls(SslPtr ssl, absl::Duration deadline);

  absl::Status Write(absl::string_view bytes, absl::Duration deadline);
  // What is there, at least one byte.
  absl::StatusOr<std::string> Read(absl::Duration deadline);

  const SSL* ssl() const { return ssl_.get(); }
  // OpenSSL's code of the error; 0 for none.
  unsigned long tls_error() const { return tls_error_; }

 private:
  // Waits for poll(2)'s `events`.
  absl::Status Wait(short events, absl::Duration deadline);
  // Waits for what OpenSSL wants after it returned `result`, or says why it
  // failed.
  absl::Status WaitForTls(int result, absl::Duration deadline);

  const int fd_;
  SslPtr ssl_;
  unsigned long tls_error_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_BYTE_STREAM_H_
