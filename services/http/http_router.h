// HttpRouter: which handler a path and a method have.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "services/http/http_message.h"

namespace mqttpush {

struct HttpRoute {
  HttpHandler handler;
  HttpCheck check = nullptr;  // before the body is read
  size_t max_body_bytes = 0;  // 0: it takes none
  // Answered also when all connections are in use, as health must be. Its
  // handler responds at once.
  bool always = false;
};

// Whether `path` is as `pattern`, in which "{...}" stands for one segment that
// is not empty: "/tenants/{tenant}/instance". That segment, as it was sent;
// absent: it is not.
std::optional<absl::string_view> MatchSegment(absl::string_view pattern,
                                              absl::string_view path);

// Paths are matched whole, those without a pattern first. Filled before the
// listener starts, then thread-safe.
class HttpRouter {
 public:
  // `method` is "GET", which answers HEAD too, or "POST". `path` may be a
  // pattern as of MatchSegment.
  void Add(const std::string& method, const std::string& path, HttpRoute route);

  // The route, which lives as long as the router, or the response 404, or 405
  // with Allow.
  using Found = std::variant<const HttpRoute*, HttpResponse>;
  Found Find(absl::string_view method, const std::string& path) const;

 private:
  using ByMethod = std::map<std::string, HttpRoute, std::less<>>;
  // nullptr: none.
  const ByMethod* FindPath(const std::string& path) const;

  std::map<std::string, ByMethod> routes_;    // by path
  std::map<std::string, ByMethod> patterns_;  // by pattern
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_ROUTER_H_
