// HttpRouter: which handler a path and a method have.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_

#include <map>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "services/http/http_message.h"

namespace mqttpush {

struct HttpRoute {
  HttpHandler handler;
  HttpCheck check = nullptr;  // before the body is read
  size_t max_body_bytes = 0;  // 0: it takes none
};

// Paths are matched whole. Filled before the listener starts, then thread-safe.
class HttpRouter {
 public:
  // `method` is "GET", which answers HEAD too, or "POST".
  void Add(const std::string& method, const std::string& path, HttpRoute route);

  // The route, which lives as long as the router, or the response 404, or 405
  // with Allow.
  using Found = std::variant<const HttpRoute*, HttpResponse>;
  Found Find(absl::string_view method, const std::string& path) const;

 private:
  using ByMethod = std::map<std::string, HttpRoute, std::less<>>;
  std::map<std::string, ByMethod> routes_;  // by path
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_
