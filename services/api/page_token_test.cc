#include "services/api/page_token.h"

#include <gtest/gtest.h>

#include <string>

#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush {
namespace {

v1::ListBrokersRequest Request(const std::string& parent) {
  v1::ListBrokersRequest request;
  request.set_parent(parent);
  return request;
}

TEST(PageTokenTest, ReturnsTheKeyForTheSameRequest) {
  v1::ListBrokersRequest request = Request("tenants/acme");
  const std::string key("any bytes \0\xff", 12);
  const std::string token = EncodePageToken(FingerprintRequest(request), key);
  request.set_page_size(7);
  request.set_page_token(token);
  const auto decoded = DecodePageToken(token, FingerprintRequest(request));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, key);
}

TEST(PageTokenTest, EmptyTokenIsTheFirstPage) {
  const auto decoded = DecodePageToken("", 1);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, "");
}

TEST(PageTokenTest, RefusesAnotherRequest) {
  const std::string token =
      EncodePageToken(FingerprintRequest(Request("tenants/acme")), "key");
  const auto other =
      DecodePageToken(token, FingerprintRequest(Request("tenants/other")));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kInvalidArgument);
  v1::ListSubscriptionsRequest other_method;
  other_method.set_parent("tenants/acme");
  EXPECT_FALSE(DecodePageToken(token, FingerprintRequest(other_method)).ok());
}

TEST(PageTokenTest, RefusesWhatIsNotAToken) {
  const std::string token = EncodePageToken(1, "key");
  for (const std::string& bad :
       {std::string("x"), std::string("%%%"), token.substr(0, 8), "A" + token,
        EncodePageToken(1, ""), std::string(1000, '\xff')}) {
    const auto decoded = DecodePageToken(bad, 1);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST(PageTokenTest, FingerprintIsStableAcrossReleases) {
  EXPECT_EQ(FingerprintRequest(Request("tenants/acme")), 9073708425215965937u);
}

TEST(PageSizeTest, DefaultsCoercesAndRefuses) {
  struct Case {
    int32_t asked;
    int want;
    bool valid;
  };
  for (const Case& c :
       {Case{0, 100, true}, Case{1, 1, true}, Case{1000, 1000, true},
        Case{1001, 1000, true}, Case{-1, 100, false}}) {
    Violations violations;
    EXPECT_EQ(EffectivePageSize(c.asked, &violations), c.want) << c.asked;
    EXPECT_EQ(violations.empty(), c.valid) << c.asked;
  }
}

}  // namespace
}  // namespace mqttpush
