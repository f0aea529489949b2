#include "services/admin/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

TEST(HostTest, Takes) {
  for (const std::string& host :
       {std::string("localhost"), std::string("mqtt.example.com"),
        std::string("mqtt.example.com."), std::string("a_b"),
        std::string("xn--bcher-kva.example"), std::string("3com"),
        std::string("127.0.0.1"), std::string("::1"),
        std::string("2001:db8::7"), std::string(63, 'a')}) {
    EXPECT_TRUE(CheckHost(host).ok()) << host << CheckHost(host);
  }
}

TEST(HostTest, RefusesAndSaysWhy) {
  struct Case {
    std::string host;
    std::string rule;
  };
  for (const Case& c : {
           Case{"", "is required"},
           Case{"mqtts://a.example", "scheme"},
           Case{"a.example:1883", "port"},
           Case{"[::1]", "brackets"},
           Case{"[::1]:1883", "brackets"},
           Case{"1.2.3.4:1883", "port"},
           Case{"300.1.2.3", "IPv4"},
           Case{"1.2.3", "IPv4"},
           Case{"a b", "host name"},
           Case{" a", "host name"},
           Case{"a\n", "host name"},
           Case{"a/b", "host name"},
           Case{"user@a", "host name"},
           Case{"-a", "host name"},
           Case{"a..b", "host name"},
           Case{".", "IPv4"},
           Case{"bücher.example", "host name"},
           Case{std::string("a\0b", 3), "host name"},
           Case{std::string(64, 'a'), "host name"},
           Case{std::string(254, 'a'), "253"},
       }) {
    const absl::Status status = CheckHost(c.host);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.host;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.rule)) << c.host;
  }
}

}  // namespace
}  // namespace mqttpush
