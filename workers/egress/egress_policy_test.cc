#include "workers/egress/egress_policy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The words of a refusal; empty when the address is allowed.
std::string Judge(const EgressPolicy& policy, const char* address) {
  const absl::Status judged = policy.Judge(IpAddress::Parse(address).value());
  EXPECT_TRUE(judged.ok() || absl::IsPermissionDenied(judged)) << judged;
  return std::string(judged.message());
}

TEST(EgressPolicyTest, RefusesWhatIsNotPublic) {
  struct Range {
    const char* first;
    const char* last;
    const char* words;
  };
  const Range kRanges[] = {
      {"0.0.0.0", "0.0.0.0", "0.0.0.0/32 (unspecified)"},
      {"0.0.0.1", "0.255.255.255", "0.0.0.0/8 (this network)"},
      {"10.0.0.0", "10.255.255.255", "10.0.0.0/8 (private)"},
      {"100.64.0.0", "100.127.255.255", "100.64.0.0/10 (shared by carrier"},
      {"127.0.0.0", "127.255.255.255", "127.0.0.0/8 (loopback)"},
      {"169.254.0.0", "169.254.255.255", "169.254.0.0/16 (link-local)"},
      {"172.16.0.0", "172.31.255.255", "172.16.0.0/12 (private)"},
      {"192.0.0.0", "192.0.0.255", "192.0.0.0/24 (reserved for protocols)"},
      {"192.0.2.0", "192.0.2.255", "192.0.2.0/24 (for documentation)"},
      {"192.88.99.0", "192.88.99.255", "192.88.99.0/24 (6to4 relay)"},
      {"192.168.0.0", "192.168.255.255", "192.168.0.0/16 (private)"},
      {"198.18.0.0", "198.19.255.255", "198.18.0.0/15 (for benchmarks)"},
      {"198.51.100.0", "198.51.100.255", "(for documentation)"},
      {"203.0.113.0", "203.0.113.255", "(for documentation)"},
      {"224.0.0.0", "239.255.255.255", "224.0.0.0/4 (multicast)"},
      {"240.0.0.0", "255.255.255.254", "240.0.0.0/4 (reserved)"},
      {"255.255.255.255", "255.255.255.255", "(broadcast)"},
      {"::", "::", "::/128 (unspecified)"},
      {"::1", "::1", "::1/128 (loopback)"},
      {"::2", "::ffff:ffff", "::/96 (IPv4-compatible)"},
      {"::127.0.0.1", "::8.8.8.8", "::/96 (IPv4-compatible)"},
      {"::ffff:0:7f00:1", "::ffff:0:808:808", "(IPv4-translated)"},
      {"64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9b::/96 (NAT64)"},
      {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "(local NAT64)"},
      {"100::", "100::ffff:ffff:ffff:ffff", "100::/64 (discarded)"},
      {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "(Teredo)"},
      {"2001:1::", "2001:1ff:ffff::", "2001::/23 (reserved for protocols)"},
      {"2001:db8::", "2001:db8:ffff:ffff::", "(for documentation)"},
      {"2002::", "2002:ffff:ffff:ffff::", "2002::/16 (6to4)"},
      {"3fff::", "3fff:fff:ffff::", "3fff::/20 (for documentation)"},
      {"5f00::", "5f00:ffff::", "5f00::/16 (segment routing)"},
      {"fc00::", "fdff:ffff:ffff:ffff::", "fc00::/7 (private)"},
      {"fe80::", "febf:ffff::1", "fe80::/10 (link-local)"},
      {"fec0::", "feff:ffff::1", "fec0::/10 (site-local)"},
      {"ff00::", "ffff:ffff::1", "ff00::/8 (multicast)"},
      {"1000::", "1fff:ffff::", "::/3 (reserved)"},
      {"4000::", "5eff:ffff::", "4000::/2 (reserved)"},
      {"8000::", "fbff:ffff::", "8000::/1 (reserved)"},
  };
  for (const Range& range : kRanges) {
    for (const char* address : {range.first, range.last}) {
      const std::string words = Judge(EgressPolicy(), address);
      EXPECT_THAT(words, StartsWith("SSRF_BLOCKED: ")) << address;
      EXPECT_THAT(words, HasSubstr(range.words)) << address;
    }
  }
}

TEST(EgressPolicyTest, AllowsTheNeighboursOfTheRanges) {
  for (const char* address :
       {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
        "128.0.0.0",       "169.253.255.255", "169.255.0.0",
        "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
        "192.0.3.0",       "192.88.98.255",   "192.88.100.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "198.51.99.255",   "198.51.101.0",
        "203.0.112.255",   "203.0.114.0",     "223.255.255.255",
        "2000::",          "2001:200::",      "2001:db7:ffff::",
        "2001:db9::",      "2003::",          "2a00:1450:4001::8a",
        "3ffe:ffff::",     "3fff:1000::",     "::ffff:8.8.8.8"}) {
    EXPECT_EQ(Judge(EgressPolicy(), address), "") << address;
  }
}

TEST(EgressPolicyTest, SaysHowItCanBeAllowed) {
  EXPECT_EQ(Judge(EgressPolicy(), "10.1.2.3"),
            "SSRF_BLOCKED: 10.1.2.3 is in 10.0.0.0/8 (private), where workers "
            "do not connect; the operator can allow it by --egress-allow or "
            "--egress-tenants-file");
}

TEST(EgressPolicyTest, AllowsWhatTheOperatorNames) {
  const EgressPolicy policy({"10.20.0.0/16", "fd12::/32"});
  EXPECT_EQ(Judge(policy, "10.20.255.255"), "");
  EXPECT_EQ(Judge(policy, "::ffff:10.20.0.1"), "");
  EXPECT_EQ(Judge(policy, "fd12::1"), "");
  EXPECT_EQ(Judge(policy, "8.8.8.8"), "");
  EXPECT_NE(Judge(policy, "10.21.0.0"), "");
  EXPECT_NE(Judge(policy, "::ffff:10.21.0.0"), "");
  EXPECT_NE(Judge(policy, "fd13::1"), "");
  EXPECT_NE(Judge(policy, "127.0.0.1"), "");
}

TEST(EgressPolicyTest, WhatIsNoNetworkAllowsNothing) {
  EXPECT_NE(Judge(EgressPolicy({"", "10.0.0.1/8", "all"}), "10.0.0.1"), "");
}

TEST(EgressPolicyTest, MetadataMustBeNamedItself) {
  const EgressPolicy all({"0.0.0.0/0", "::/0", "169.254.169.254/31"});
  EXPECT_EQ(Judge(all, "127.0.0.1"), "");
  EXPECT_EQ(Judge(all, "169.254.0.1"), "");
  for (const char* address :
       {"169.254.169.254", "::ffff:169.254.169.254", "169.254.170.2",
        "169.254.170.23", "100.100.100.200", "192.0.0.192", "168.63.129.16",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"}) {
    EXPECT_THAT(Judge(EgressPolicy(), address), HasSubstr("cloud metadata"));
    EXPECT_THAT(Judge(all, address), HasSubstr("cloud metadata"));
    EXPECT_EQ(Judge(EgressPolicy({IpAddress::Parse(address)->Text()}), address),
              "");
  }
}

TEST(EgressPolicyTest, OfWhatCarriesAnotherAddressBothMustBeAllowed) {
  const EgressPolicy gateways({"64:ff9b::/96", "2002::/16"});
  EXPECT_EQ(Judge(gateways, "64:ff9b::8.8.8.8"), "");
  EXPECT_EQ(Judge(gateways, "2002:808:808::1"), "");
  EXPECT_THAT(Judge(gateways, "64:ff9b::10.0.0.1"),
              HasSubstr("10.0.0.1 is in 10.0.0.0/8 (private)"));
  EXPECT_THAT(Judge(gateways, "2002:7f00:1::"),
              HasSubstr("127.0.0.1 is in 127.0.0.0/8 (loopback)"));
  EXPECT_THAT(Judge(gateways, "64:ff9b::169.254.169.254"),
              HasSubstr("cloud metadata"));
  EXPECT_EQ(
      Judge(EgressPolicy({"64:ff9b::/96", "10.0.0.0/8"}), "64:ff9b::10.0.0.1"),
      "");
  EXPECT_NE(Judge(EgressPolicy({"10.0.0.0/8"}), "64:ff9b::10.0.0.1"), "");
}

}  // namespace
}  // namespace mqttpush
