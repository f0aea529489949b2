#include "workers/egress/egress_allowances.h"

#include <stdio.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ParseTenantNetworksTest, ReadsLines) {
  const auto networks = ParseTenantNetworks(
      "# TENANT NETWORK\n\nacme 10.20.0.0/16 # their VPN\n"
      "\tacme  10.30.0.1\r\nother fd12::/32");
  ASSERT_TRUE(networks.ok()) << networks.status();
  EXPECT_THAT(networks->at("acme"),
              ElementsAre("10.20.0.0/16", "10.30.0.1/32"));
  EXPECT_THAT(networks->at("other"), ElementsAre("fd12::/32"));
}

TEST(ParseTenantNetworksTest, ErrorsNameTheLineAndTheRule) {
  const std::pair<const char*, const char*> kCases[] = {
      {"acme 10.0.0.0/8\nacme\n", "line 2: must be a tenant id and a network"},
      {"acme 10.0.0.0/8 11.0.0.0/8", "line 1: must be a tenant id"},
      {"acme all", "line 1: \"all\" is no network"},
  };
  for (const auto& [text, words] : kCases) {
    EXPECT_THAT(std::string(ParseTenantNetworks(text).status().message()),
                HasSubstr(words));
  }
}

TEST(EgressAllowancesTest, WithoutAFileAllTenantsAreAlike) {
  EXPECT_THAT((*EgressAllowances::Create({}, ""))->For("acme"), IsEmpty());
  EXPECT_THAT((*EgressAllowances::Create({"10.0.0.0/8"}, ""))->For("acme"),
              ElementsAre("10.0.0.0/8"));
}

class EgressAllowancesFileTest : public ::testing::Test {
 protected:
  // As Kubernetes does: another file takes its place.
  void Replace(const std::string& text) {
    WriteFile(temp_.File("new"), text);
    ASSERT_EQ(rename(temp_.File("new").c_str(), path_.c_str()), 0);
  }

  TempDir temp_;
  const std::string path_ = temp_.File("tenants");
};

TEST_F(EgressAllowancesFileTest, FollowsTheFile) {
  Replace("acme 10.20.0.0/16\n");
  auto allowances = *EgressAllowances::Create({"127.0.0.0/8"}, path_);
  EXPECT_THAT(allowances->For("acme"),
              ElementsAre("127.0.0.0/8", "10.20.0.0/16"));
  EXPECT_THAT(allowances->For("other"), ElementsAre("127.0.0.0/8"));
  Replace("other 10.20.0.0/16\n");
  EXPECT_THAT(allowances->For("acme"), ElementsAre("127.0.0.0/8"));
  EXPECT_THAT(allowances->For("other"),
              ElementsAre("127.0.0.0/8", "10.20.0.0/16"));
}

TEST_F(EgressAllowancesFileTest, KeepsWhatWasGoodAndSaysSoOnce) {
  Replace("acme 10.20.0.0/16\n");
  auto allowances = *EgressAllowances::Create({}, path_);
  Replace("acme everywhere\n");
  testing::internal::CaptureStderr();
  EXPECT_THAT(allowances->For("acme"), ElementsAre("10.20.0.0/16"));
  EXPECT_THAT(allowances->For("acme"), ElementsAre("10.20.0.0/16"));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("line 1: "));
  EXPECT_EQ(log.find("egress_tenants_not_read"),
            log.rfind("egress_tenants_not_read"));
  unlink(path_.c_str());
  EXPECT_THAT(allowances->For("acme"), ElementsAre("10.20.0.0/16"));
}

TEST_F(EgressAllowancesFileTest, MustBeGoodToBeginWith) {
  EXPECT_THAT(
      std::string(EgressAllowances::Create({}, path_).status().message()),
      HasSubstr(path_ + ": cannot be read: No such file"));
  Replace("acme everywhere\n");
  EXPECT_THAT(
      std::string(EgressAllowances::Create({}, path_).status().message()),
      HasSubstr(path_ + ": line 1: "));
}

}  // namespace
}  // namespace mqttpush
