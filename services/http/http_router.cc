#include "services/http/http_router.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
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

std::optional<absl::string_view> MatchSegment(absl::string_view pattern,
                                              absl::string_view path) {
  const size_t open = pattern.find('{');
  const size_t close = pattern.find('}');
  if (!absl::ConsumePrefix(&path, pattern.substr(0, open)) ||
      !absl::ConsumeSuffix(&path, pattern.substr(close + 1)) || path.empty() ||
      absl::StrContains(path, '/')) {
    return std::nullopt;
  }
  return path;
}

void HttpRouter::Add(const std::string& method, const std::string& path,
                     HttpRoute route) {
  auto& routes = absl::StrContains(path, '{') ? patterns_ : routes_;
  routes[path][method] = std::move(route);
}

const HttpRouter::ByMethod* HttpRouter::FindPath(
    const std::string& path) const {
  const auto found = routes_.find(path);
  if (found != routes_.end()) return &found->second;
  for (const auto& [pattern, methods] : patterns_) {
    if (MatchSegment(pattern, path).has_value()) return &methods;
  }
  return nullptr;
}

HttpRouter::Found HttpRouter::Find(absl::string_view method,
                                   const std::string& path) const {
  const ByMethod* methods = FindPath(path);
  if (methods == nullptr) return NotFound(path);
  const auto route = methods->find(method == "HEAD" ? "GET" : method);
  if (route != methods->end()) return &route->second;
  std::vector<std::string> allowed;
  for (const auto& [name, unused] : *methods) {
    allowed.push_back(name);
    if (name == "GET") allowed.push_back("HEAD");
  }
  return MethodNotAllowed(method, path, allowed);
}

}  // namespace mqttpush
