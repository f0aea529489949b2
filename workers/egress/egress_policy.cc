#include "workers/egress/egress_policy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

struct Range {
  const char* network;
  const char* what;
};

// What gives a machine its credentials, by the addresses that are in use.
constexpr char kCloud[] = "cloud metadata";
constexpr Range kMetadata[] = {
    {"169.254.169.254", kCloud},  // AWS, Azure, Google and others
    {"169.254.170.2", kCloud},    // AWS ECS
    {"169.254.170.23", kCloud},   // AWS EKS
    {"100.100.100.200", kCloud},  // Alibaba
    {"192.0.0.192", kCloud},      // Oracle
    {"168.63.129.16", kCloud},    // Azure, a public address
    {"fd00:ec2::254", kCloud},    // AWS
    {"fd00:ec2::23", kCloud},     // AWS EKS
    {"fd20:ce::254", kCloud},     // Google
};

// IANA's registries of special purpose addresses, without those of them that
// are reached like any other. The first that fits counts.
constexpr Range kSpecial[] = {
    {"0.0.0.0/32", "unspecified"},
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared by carrier-grade NAT"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved for protocols"},
    {"192.0.2.0/24", "for documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"255.255.255.255/32", "broadcast"},
    {"240.0.0.0/4", "reserved"},
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible"},
    {"::ffff:0:0:0/96", "IPv4-translated"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "local NAT64"},
    {"100::/64", "discarded"},
    {"2001::/32", "Teredo"},
    {"2001::/23", "reserved for protocols"},
    {"2001:db8::/32", "for documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "for documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
    // All but 2000::/3.
    {"::/3", "reserved"},
    {"4000::/2", "reserved"},
    {"8000::/1", "reserved"},
};

struct Entry {
  IpNetwork network;
  const char* what;
};

template <size_t kSize>
std::vector<Entry> Parse(const Range (&ranges)[kSize]) {
  std::vector<Entry> entries;
  for (const Range& range : ranges) {
    entries.push_back({IpNetwork::Parse(range.network).value(), range.what});
  }
  return entries;
}

const Entry* Find(const std::vector<Entry>& entries, const IpAddress& address) {
  const auto found = absl::c_find_if(entries, [&](const Entry& entry) {
    return entry.network.Contains(address);
  });
  return found == entries.end() ? nullptr : &*found;
}

// The IPv4 address that a gateway sends on to. Where it stands in an address of
// local NAT64 (RFC 8215) is up to who runs that: who allows the one, allows
// what it leads to.
std::optional<IpAddress> CarriedBy(const IpAddress& address) {
  static const IpNetwork k6to4 = IpNetwork::Parse("2002::/16").value();
  static const IpNetwork kNat64 = IpNetwork::Parse("64:ff9b::/96").value();
  int at = 0;
  if (k6to4.Contains(address)) {
    at = 2;
  } else if (kNat64.Contains(address)) {
    at = 12;
  } else {
    return std::nullopt;
  }
  IpAddress carried;
  carried.is_v4 = true;
  std::copy_n(address.bytes.begin() + at, 4, carried.bytes.begin());
  return carried;
}

}  // namespace

EgressPolicy::EgressPolicy(const std::vector<std::string>& allowed) {
  for (const std::string& text : allowed) {
    absl::StatusOr<IpNetwork> network = IpNetwork::Parse(text);
    if (network.ok()) allowed_.push_back(*std::move(network));
  }
}

absl::Status EgressPolicy::Judge(const IpAddress& address) const {
  MQTTPUSH_RETURN_IF_ERROR(JudgeAlone(address));
  const std::optional<IpAddress> carried = CarriedBy(address);
  return carried.has_value() ? JudgeAlone(*carried) : absl::OkStatus();
}

absl::Status EgressPolicy::JudgeAlone(const IpAddress& address) const {
  static const std::vector<Entry>& metadata = *new auto(Parse(kMetadata));
  static const std::vector<Entry>& special = *new auto(Parse(kSpecial));
  const Entry* range = Find(metadata, address);
  const int least_bits = range == nullptr ? 0 : address.bits();
  if (range == nullptr) range = Find(special, address);
  if (range == nullptr) return absl::OkStatus();
  const bool allowed = absl::c_any_of(allowed_, [&](const IpNetwork& network) {
    return network.prefix_bits >= least_bits && network.Contains(address);
  });
  if (allowed) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "SSRF_BLOCKED: ", address.Text(), " is in ", range->network.Text(), " (",
      range->what,
      "), where workers do not connect; the operator can allow it by "
      "--egress-allow or --egress-tenants-file"));
}

}  // namespace mqttpush
