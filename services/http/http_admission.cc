#include "services/http/http_admission.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kContinue = "100-continue";

HttpResponse TooLarge(const HttpRoute& route) {
  return HttpError(413, "BODY_TOO_LARGE",
                   route.max_body_bytes == 0
                       ? "this takes no body"
                       : absl::StrCat("the body must not be larger than ",
                                      route.max_body_bytes, " bytes"));
}

// The rule of HTTP that the head breaks, if any.
std::optional<HttpResponse> CheckHead(const HttpRequest& head,
                                      const HttpFraming& framing) {
  // Where it ends, nobody could tell.
  if (head.headers.Has("Transfer-Encoding") && !framing.chunked) {
    return HttpError(400, "MALFORMED_REQUEST",
                     "Transfer-Encoding must be chunked, if there is one");
  }
  const absl::string_view encoding = head.headers.Get("Content-Encoding");
  if (!encoding.empty() && !absl::EqualsIgnoreCase(encoding, "identity")) {
    return HttpError(415, "UNSUPPORTED_ENCODING",
                     "the body must not be compressed");
  }
  const absl::string_view expect = head.headers.Get("Expect");
  if (!expect.empty() && !absl::EqualsIgnoreCase(expect, kContinue)) {
    return HttpError(417, "EXPECTATION_FAILED",
                     "Expect must be 100-continue, if there is one");
  }
  return std::nullopt;
}

}  // namespace

std::variant<HttpAdmitted, HttpResponse> Admit(const HttpRouter& router,
                                               const HttpRequest& head,
                                               const HttpFraming& framing) {
  HttpRouter::Found found = router.Find(head.method, head.path);
  if (auto* error = std::get_if<HttpResponse>(&found)) {
    return std::move(*error);
  }
  const HttpRoute& route = *std::get<const HttpRoute*>(found);
  if (route.check != nullptr) {
    std::optional<HttpResponse> refusal = route.check(head);
    if (refusal.has_value()) return *std::move(refusal);
  }
  if (auto broken = CheckHead(head, framing); broken.has_value()) {
    return *std::move(broken);
  }
  const uint64_t length = framing.content_length.value_or(0);
  if (length > route.max_body_bytes) return TooLarge(route);
  return HttpAdmitted{.route = &route,
                      .most_body_bytes = framing.chunked
                                             ? route.max_body_bytes
                                             : static_cast<size_t>(length),
                      .expects_continue = head.headers.Has("Expect")};
}

}  // namespace mqttpush
