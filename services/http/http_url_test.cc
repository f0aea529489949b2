#include "services/http/http_url.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(HttpUrlTest, HasParts) {
  const auto url = HttpUrl::Parse("https://push.example.com/events/t/core");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->Authority(), "push.example.com:443");
  EXPECT_EQ(url->path, "/events/t/core");
  EXPECT_EQ(HttpUrl::Parse("http://a")->Authority(), "a:80");
  EXPECT_EQ(HttpUrl::Parse("http://a")->path, "");
  EXPECT_EQ(HttpUrl::Parse("http://a:8080/")->Authority(), "a:8080");
  const auto ipv6 = HttpUrl::Parse("http://[::1]:81/x");
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->Authority(), "[::1]:81");
  EXPECT_EQ(HttpUrl::Parse("https://[::1]")->Authority(), "[::1]:443");
}

TEST(HttpUrlTest, RefusesWhatIsNone) {
  for (const char* text :
       {"", "a", "ftp://a", "https://", "https:///x", "http://a:", "http://a:0",
        "http://a:65536", "http://a:8x", "http://u:p@a", "http://a/?b=c",
        "http://a/#b", "http://a/b c", "http://[::1", "http://[]:1",
        "http://a:+1"}) {
    EXPECT_EQ(HttpUrl::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace mqttpush
