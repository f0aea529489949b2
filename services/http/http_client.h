// HttpClient: sends a request to another service, and waits for its response.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_CLIENT_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_CLIENT_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "services/http/http_message.h"
#include "services/http/http_url.h"

namespace mqttpush {

// The addresses of a host and port. Blocks for as long as the system likes.
using HttpLookup = std::function<boost::asio::ip::tcp::resolver::results_type(
    const std::string& host, const std::string& port,
    boost::system::error_code& error)>;
HttpLookup SystemLookup();

struct HttpClientOptions {
  // For all of it, from the name's look-up to the end of the response.
  absl::Duration timeout = absl::Seconds(30);
  size_t max_response_bytes = 1 << 20;
  // Of the authorities to trust; empty: those that the system trusts.
  std::string ca_file;
  // Another one in tests.
  HttpLookup lookup = SystemLookup();
};

// A connection for each request. Of TLS at least 1.2, with the name of the host
// in a certificate that can be trusted. Calls are made by one thread; Cancel is
// thread-safe.
class HttpClient {
 public:
  // INVALID_ARGUMENT when options.ca_file cannot be used.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Make(
      const HttpClientOptions& options = {});

  // Blocks. UNAVAILABLE, with the step that failed, when there is no response;
  // DEADLINE_EXCEEDED when it did not come in time; CANCELLED after Cancel. Any
  // status is a response.
  absl::StatusOr<HttpResponse> Post(const HttpUrl& url,
                                    const HttpHeaders& headers,
                                    std::string body)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends a call that is under way, and all later ones.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit HttpClient(const HttpClientOptions& options);
  bool Begin(boost::asio::io_context* io) ABSL_LOCKS_EXCLUDED(mutex_);
  bool End() ABSL_LOCKS_EXCLUDED(mutex_);

  const HttpClientOptions options_;
  boost::asio::ssl::context tls_;
  Mutex mutex_;
  boost::asio::io_context* io_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_CLIENT_H_
