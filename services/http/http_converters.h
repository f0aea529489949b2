// From Boost.Beast's messages to ours and back.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_CONVERTERS_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_CONVERTERS_H_

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "absl/time/time.h"
#include "services/http/http_message.h"

namespace mqttpush {

using BeastRequest =
    boost::beast::http::request<boost::beast::http::string_body>;
using BeastResponse =
    boost::beast::http::response<boost::beast::http::string_body>;

// Beast's number of HTTP/1.1.
inline constexpr unsigned kHttp11 = 11;

// All but the body.
HttpRequest ToHttpRequest(const BeastRequest& request);

struct HttpSending {
  bool head_only = false;  // the answer to HEAD: with the length of the body
  bool keep_alive = false;
  absl::Time time;  // for the Date field
};
BeastResponse ToBeastResponse(HttpResponse response,
                              const HttpSending& sending);

// What the client is told of a read that failed: 400, 413 or 431; absent when
// it has gone.
std::optional<HttpResponse> ResponseToReadError(
    boost::system::error_code error);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_CONVERTERS_H_
