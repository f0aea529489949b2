#include "services/http/http_router.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/api/text.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxShownBytes = 256;

HttpResponse NotFound(const std::string& path) {
  return HttpError(
      404, "NOT_FOUND",
      absl::StrCat("there is nothing at ", Truncate(path, kMaxShownBytes)));
}

HttpResponse MethodNotAllowed(absl::string_view method, const std::string& path,
                              const std::vector<std::string>& allowed) {
  const std::string allow = absl::StrJoin(allowed, ", ");
  HttpResponse response =
      HttpError(405, "METHOD_NOT_ALLOWED",
                absl::StrCat(path, " takes ", allow, ", not ",
                             Truncate(method, kMaxShownBytes)));
  response.headers.Add("Allow", allow);
  return response;
}

}  // namespace

void HttpRouter::Add(const std::string& method, const std::string& path,
                     HttpRoute route) {
  routes_[path][method] = std::move(route);
}

HttpRouter::Found HttpRouter::Find(absl::string_view method,
                                   const std::string& path) const {
  const auto methods = routes_.find(path);
  if (methods == routes_.end()) return NotFound(path);
  const auto route = methods->second.find(method == "HEAD" ? "GET" : method);
  if (route != methods->second.end()) return &route->second;
  std::vector<std::string> allowed;
  for (const auto& [name, unused] : methods->second) {
    allowed.push_back(name);
    if (name == "GET") allowed.push_back("HEAD");
  }
  return MethodNotAllowed(method, path, allowed);
}

}  // namespace mqttpush
