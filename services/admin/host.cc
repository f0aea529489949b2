#include "services/admin/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace mqttpush {
namespace {

// RFC 1035; a name as DNS takes it.
constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

bool IsAddress(int family, absl::string_view text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(family, std::string(text).c_str(), address) == 1;
}

// '_' is not for host names (RFC 952), but container networks use it.
bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > kMaxLabelBytes) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

bool LooksLikeIpv4(absl::string_view host) {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return absl::ascii_isdigit(c) || c == '.'; });
}

bool IsHostName(absl::string_view host) {
  if (absl::EndsWith(host, ".")) host.remove_suffix(1);
  for (absl::string_view label : absl::StrSplit(host, '.')) {
    if (!IsLabel(label)) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckHost(absl::string_view host) {
  const auto error = [](absl::string_view rule) {
    return absl::InvalidArgumentError(rule);
  };
  if (host.empty()) return error("is required");
  if (host.size() > kMaxHostBytes) return error("must be at most 253 bytes");
  if (absl::StrContains(host, "://")) {
    return error("must not have a scheme; see `tls.enabled`");
  }
  if (absl::StrContains(host, '[')) {
    return error("must not have brackets, nor a port; see `port`");
  }
  if (absl::StrContains(host, ':')) {
    if (IsAddress(AF_INET6, host)) return absl::OkStatus();
    return error("must not have a port; see `port`");
  }
  if (LooksLikeIpv4(host)) {
    if (IsAddress(AF_INET, host)) return absl::OkStatus();
    return error("is not an IPv4 address");
  }
  if (!IsHostName(host)) return error("is not a host name or IP address");
  return absl::OkStatus();
}

}  // namespace mqttpush
