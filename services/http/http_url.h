// HttpUrl: where an HTTP request goes.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_URL_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

struct HttpUrl {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  std::string path;  // begins with '/', or is empty

  // Of "https://host:port/path", also "http"; the port may be left out.
  // INVALID_ARGUMENT, in words that follow the name of a setting, for all else,
  // and for a URL with a user, a query or a fragment.
  static absl::StatusOr<HttpUrl> Parse(absl::string_view text);

  // As the field Host wants it.
  std::string Authority() const;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_URL_H_
