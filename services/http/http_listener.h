// HttpListener: the one HTTP listener of the service.
//
// Everything that a client can make large or slow is bounded (HttpOptions):
// heads, bodies, connections, and the time for each step. A request that is
// refused gets a JSON error (http_error.h).
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_LISTENER_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/tls/server_certificate.h"
#include "services/http/http_options.h"
#include "services/http/http_router.h"

namespace mqttpush {

// One thread, which runs the handlers too. Thread-safe.
class HttpListener {
 public:
  // Listens on "host:port", "[::1]:8080" or port 0 for a free one. UNAVAILABLE
  // when it cannot. `clock` must outlive it, and `certificate` too, of which
  // each new connection gets the newest; null: plaintext.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(
      const std::string& address, HttpRouter router, const Clock* clock,
      const HttpOptions& options = {},
      ServerCertificate* certificate = nullptr);

  // Takes no further connection, lets the requests under way finish, at most
  // for options.drain_timeout, and closes all.
  ~HttpListener();

  // With the real port.
  const std::string& address() const { return address_; }

 private:
  class Impl;
  explicit HttpListener(std::unique_ptr<Impl> impl, std::string address);

  const std::unique_ptr<Impl> impl_;
  const std::string address_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_LISTENER_H_
