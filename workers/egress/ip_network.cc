#include "workers/egress/ip_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush {
namespace {

constexpr size_t kV4Bytes = 4;
// ::ffff:0:0/96, before the four bytes of the IPv4 address.
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                             0, 0, 0, 0, 0xff, 0xff};

IpAddress OfV4(const void* bytes) {
  IpAddress address;
  address.is_v4 = true;
  std::memcpy(address.bytes.data(), bytes, kV4Bytes);
  return address;
}

IpAddress OfV6(const in6_addr& v6) {
  if (std::memcmp(v6.s6_addr, kMapped.data(), kMapped.size()) == 0) {
    return OfV4(v6.s6_addr + kMapped.size());
  }
  IpAddress address;
  std::memcpy(address.bytes.data(), v6.s6_addr, address.bytes.size());
  return address;
}

// Whether the first `bits` are the same.
bool BeginAlike(const IpAddress& a, const IpAddress& b, int bits) {
  const int whole = bits / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  return (a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest) == 0;
}

IpAddress FirstBits(IpAddress address, int bits) {
  for (int i = bits; i < address.bits(); ++i) {
    address.bytes[i / 8] &= ~(0x80 >> i % 8);
  }
  return address;
}

}  // namespace

std::optional<IpAddress> IpAddress::Of(const sockaddr* address) {
  switch (address->sa_family) {
    case AF_INET:
      return OfV4(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    case AF_INET6:
      return OfV6(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    default:
      return std::nullopt;
  }
}

std::optional<IpAddress> IpAddress::Parse(absl::string_view text) {
  const std::string ended(text);
  in_addr v4;
  if (inet_pton(AF_INET, ended.c_str(), &v4) == 1) return OfV4(&v4);
  in6_addr v6;
  if (inet_pton(AF_INET6, ended.c_str(), &v6) == 1) return OfV6(v6);
  return std::nullopt;
}

std::string IpAddress::Text() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

absl::StatusOr<IpNetwork> IpNetwork::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  const std::optional<IpAddress> base = IpAddress::Parse(parts[0]);
  if (!base.has_value() || parts.size() > 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is no network such as 10.0.0.0/8 or fd00::/8"));
  }
  if (base->is_v4 && absl::StrContains(parts[0], ':')) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" must be written as IPv4: ", base->Text()));
  }
  IpNetwork network{*base, base->bits()};
  if (parts.size() == 2 &&
      (!absl::SimpleAtoi(parts[1], &network.prefix_bits) ||
       network.prefix_bits < 0 || network.prefix_bits > base->bits())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" must end with a length from 0 to ", base->bits()));
  }
  network.base = FirstBits(*base, network.prefix_bits);
  if (network.base.bytes != base->bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" has bits beyond its length: ", network.Text(),
        " would be the network"));
  }
  return network;
}

bool IpNetwork::Contains(const IpAddress& address) const {
  return address.is_v4 == base.is_v4 && BeginAlike(address, base, prefix_bits);
}

std::string IpNetwork::Text() const {
  return absl::StrCat(base.Text(), "/", prefix_bits);
}

}  // namespace mqttpush
