#include "services/http/http_url.h"

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mqttpush {
namespace {

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "must be a URL as https://host:port/path, without user, query and "
      "fragment");
}

// "host", "host:port" or "[::1]:port"; false: it is none of these.
bool ParseAuthority(absl::string_view text, HttpUrl& url) {
  size_t end = text.find(':');
  if (absl::ConsumePrefix(&text, "[")) {
    end = text.find(']');
    if (end == absl::string_view::npos) return false;
    url.host = std::string(text.substr(0, end++));
  } else {
    url.host = std::string(text.substr(0, end));
    end = std::min(end, text.size());
  }
  absl::string_view rest = text.substr(end);
  if (rest.empty()) return !url.host.empty();
  int port = 0;
  if (!absl::ConsumePrefix(&rest, ":") ||
      !absl::c_all_of(rest, absl::ascii_isdigit) ||
      !absl::SimpleAtoi(rest, &port) || port < 1 || port > 65535) {
    return false;
  }
  url.port = std::string(rest);
  return !url.host.empty();
}

}  // namespace

absl::StatusOr<HttpUrl> HttpUrl::Parse(absl::string_view text) {
  HttpUrl url;
  if (absl::ConsumePrefix(&text, "https://")) {
    url.tls = true;
  } else if (!absl::ConsumePrefix(&text, "http://")) {
    return Refused();
  }
  url.port = url.tls ? "443" : "80";
  const size_t slash = std::min(text.find('/'), text.size());
  url.path = std::string(text.substr(slash));
  if (!absl::c_all_of(text, absl::ascii_isgraph) ||
      text.find_first_of("@?#") != absl::string_view::npos ||
      !ParseAuthority(text.substr(0, slash), url)) {
    return Refused();
  }
  return url;
}

std::string HttpUrl::Authority() const {
  const bool ipv6 = absl::StrContains(host, ':');
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]" : "", ":", port);
}

}  // namespace mqttpush
