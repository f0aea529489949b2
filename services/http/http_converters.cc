#include "services/http/http_converters.h"

#include <boost/beast/http/error.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

namespace http = boost::beast::http;

absl::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

boost::beast::string_view BeastView(absl::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

HttpRequest ToHttpRequest(const BeastRequest& request) {
  HttpRequest result;
  result.method = std::string(View(request.method_string()));
  const absl::string_view target = View(request.target());
  const size_t mark = target.find('?');
  result.path = std::string(target.substr(0, mark));
  if (mark != absl::string_view::npos) {
    result.query = std::string(target.substr(mark + 1));
  }
  for (const auto& field : request) {
    result.headers.Add(View(field.name_string()), View(field.value()));
  }
  return result;
}

BeastResponse ToBeastResponse(HttpResponse response,
                              const HttpSending& sending) {
  BeastResponse result(static_cast<http::status>(response.status), kHttp11);
  result.set(http::field::date,
             absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", sending.time,
                              absl::UTCTimeZone()));
  for (const auto& [name, value] : response.headers.all()) {
    result.insert(BeastView(name), BeastView(value));
  }
  result.keep_alive(sending.keep_alive);
  // RFC 9110, 8.6: a 304 has the length of nothing.
  if (response.status != 304) result.content_length(response.body.size());
  if (!sending.head_only) result.body() = std::move(response.body);
  return result;
}

std::optional<HttpResponse> ResponseToReadError(
    boost::system::error_code error) {
  if (error == http::error::header_limit) {
    return HttpError(431, "HEADERS_TOO_LARGE",
                     "the request line and the fields are too large");
  }
  if (error == http::error::body_limit) {
    return HttpError(413, "BODY_TOO_LARGE", "the body is too large");
  }
  static const auto& of_http =
      http::make_error_code(http::error::end_of_stream).category();
  if (error.category() != of_http || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return std::nullopt;
  }
  return HttpError(400, "MALFORMED_REQUEST",
                   absl::StrCat("this is no HTTP request: ", error.message()));
}

}  // namespace mqttpush
