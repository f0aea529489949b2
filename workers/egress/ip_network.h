// IpAddress and IpNetwork: IPv4 and IPv6 addresses, and blocks of them.
#ifndef MQTTPUSH_WORKERS_EGRESS_IP_NETWORK_H_
#define MQTTPUSH_WORKERS_EGRESS_IP_NETWORK_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// An IPv4 address that is written as an IPv6 one (::ffff:192.0.2.7) is the IPv4
// address, as it is for the kernel.
struct IpAddress {
  // Absent for a socket of another family.
  static std::optional<IpAddress> Of(const sockaddr* address);
  // Absent when it is none: a name, or with a port or brackets.
  static std::optional<IpAddress> Parse(absl::string_view text);

  std::string Text() const;
  int bits() const { return is_v4 ? 32 : 128; }

  bool is_v4 = false;
  std::array<uint8_t, 16> bytes{};  // of IPv4 the first four
};

// The addresses whose first bits are those of `base`.
struct IpNetwork {
  // "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one.
  // INVALID_ARGUMENT with the rule that it breaks.
  static absl::StatusOr<IpNetwork> Parse(absl::string_view text);

  bool Contains(const IpAddress& address) const;
  // As it is parsed.
  std::string Text() const;

  IpAddress base;
  int prefix_bits = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_EGRESS_IP_NETWORK_H_
