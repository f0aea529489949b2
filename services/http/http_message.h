// HttpRequest, HttpResponse and HttpHandler: what a handler sees of HTTP.
//
// Nothing here knows the library that speaks it (http_connection.h), so a
// handler can be tested by calling it.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_MESSAGE_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_MESSAGE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Fields in the order in which they came. Names are compared without regard to
// case.
class HttpHeaders {
 public:
  void Add(absl::string_view name, absl::string_view value);
  // The first of that name; "" without one.
  absl::string_view Get(absl::string_view name) const;
  bool Has(absl::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& all() const {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method;  // "GET"; of a HEAD request too, the listener knows
  std::string path;    // of the target, as it was sent, without the query
  std::string query;   // what follows '?'; "" without one
  HttpHeaders headers;
  std::string body;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // not those that frame the message
  std::string body;
  // Kept until the client has the response, or will not get it.
  std::shared_ptr<const void> hold = nullptr;
};

// A response with a JSON body.
HttpResponse JsonResponse(int status, std::string body);

// To be called once, on any thread, also after the listener has gone; a second
// call has no effect.
using HttpRespond = std::function<void(HttpResponse)>;

// Handles a request. Runs on the listener's one thread, so it must not block.
// `request` is gone when it returns.
using HttpHandler =
    std::function<void(const HttpRequest& request, HttpRespond respond)>;

// Looks at a request whose body has not been read, and refuses it, or not.
using HttpCheck =
    std::function<std::optional<HttpResponse>(const HttpRequest& head)>;

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_MESSAGE_H_
