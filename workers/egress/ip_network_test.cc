#include "workers/egress/ip_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

bool Contains(const char* network, const char* address) {
  return IpNetwork::Parse(network).value().Contains(
      IpAddress::Parse(address).value());
}

TEST(IpAddressTest, IsReadFromTextAndFromASocketsAddress) {
  EXPECT_EQ(IpAddress::Parse("192.0.2.7")->Text(), "192.0.2.7");
  EXPECT_EQ(IpAddress::Parse("2001:DB8:0::7")->Text(), "2001:db8::7");
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.7")->Text(), "192.0.2.7");
  for (const char* none : {"", "a.example", "192.0.2", "192.0.2.7:1", "[::1]",
                           "010.0.0.1", "fe80::1%eth0"}) {
    EXPECT_FALSE(IpAddress::Parse(none).has_value()) << none;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:10.0.0.1", &v6.sin6_addr);
  EXPECT_EQ(IpAddress::Of(reinterpret_cast<sockaddr*>(&v6))->Text(),
            "10.0.0.1");
  const sockaddr unix{AF_UNIX, {}};
  EXPECT_FALSE(IpAddress::Of(&unix).has_value());
}

TEST(IpNetworkTest, HoldsWhatBeginsAlike) {
  struct Case {
    const char* network;
    const char* address;
    bool contains;
  };
  const Case kCases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"172.16.0.0/12", "172.31.255.255", true},
      {"172.16.0.0/12", "172.32.0.0", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "::ffff:10.0.0.1", false},
      {"fc00::/7", "fdff::1", true},
      {"fc00::/7", "fe00::", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", true},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Contains(c.network, c.address), c.contains)
        << c.network << " " << c.address;
  }
}

TEST(IpNetworkTest, IsToldAsItIsParsed) {
  EXPECT_EQ(IpNetwork::Parse("10.0.0.0/8")->Text(), "10.0.0.0/8");
  EXPECT_EQ(IpNetwork::Parse("10.1.2.3")->Text(), "10.1.2.3/32");
  EXPECT_EQ(IpNetwork::Parse("fd00:0::/8")->Text(), "fd00::/8");
}

TEST(IpNetworkTest, ErrorsNameTheRule) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "is no network such as"},
      {"a.example/8", "is no network such as"},
      {"10.0.0.0/8/8", "is no network such as"},
      {"10.0.0.0/33", "must end with a length from 0 to 32"},
      {"10.0.0.0/-1", "must end with a length from 0 to 32"},
      {"10.0.0.0/", "must end with a length from 0 to 32"},
      {"fd00::/129", "must end with a length from 0 to 128"},
      {"10.1.2.3/8", "beyond its length: 10.0.0.0/8 would be"},
      {"fd00::1/64", "beyond its length: fd00::/64 would be"},
      {"::ffff:10.0.0.0/104", "must be written as IPv4: 10.0.0.0"},
  };
  for (const auto& [text, rule] : kCases) {
    const auto network = IpNetwork::Parse(text);
    EXPECT_TRUE(absl::IsInvalidArgument(network.status())) << text;
    EXPECT_THAT(std::string(network.status().message()), HasSubstr(rule));
  }
}

}  // namespace
}  // namespace mqttpush
