#include "workers/probe/name_lookup.h"

#include <string>
#include <vector>

#include "common/steady_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

LookUpResult Find(const std::string& host) {
  return LookUp(host, 1883, SteadyNow() + absl::Seconds(60));
}

std::vector<std::string> Texts(const std::vector<Address>& addresses) {
  std::vector<std::string> texts;
  for (const Address& address : addresses) texts.push_back(address.Text());
  return texts;
}

Address Of(const std::string& host) { return Find(host).addresses.at(0); }

TEST(LookUpTest, AddressesAreThemselves) {
  EXPECT_THAT(Texts(Find("192.0.2.7").addresses),
              ElementsAre("192.0.2.7:1883"));
  EXPECT_THAT(Texts(Find("2001:db8::7").addresses),
              ElementsAre("[2001:db8::7]:1883"));
  EXPECT_EQ(Of("2001:db8::7").HostText(), "2001:db8::7");
}

TEST(LookUpTest, TheLinksAddressComesFirst) {
  const Address v4a = Of("192.0.2.1");
  const Address v4b = Of("192.0.2.2");
  const Address v6a = Of("2001:db8::1");
  const Address v6b = Of("2001:db8::2");
  EXPECT_THAT(
      Texts(LinkAddressFirst({v6a, v4a, v4b})),
      ElementsAre("192.0.2.1:1883", "[2001:db8::1]:1883", "192.0.2.2:1883"));
  EXPECT_THAT(Texts(LinkAddressFirst({v6a, v6b})),
              ElementsAre("[2001:db8::2]:1883", "[2001:db8::1]:1883"));
  EXPECT_THAT(LinkAddressFirst({}), ElementsAre());
}

// By the rules of names, so that no resolver is asked.
TEST(LookUpTest, AnUnknownHostIsSaidToBe) {
  const LookUpResult found = Find("no such host");
  EXPECT_EQ(found.cause, ProbeCause::kHostUnknown);
  EXPECT_EQ(found.error, "Name or service not known");
}

TEST(LookUpTest, ASilentResolverIsNotWaitedFor) {
  const LookUpResult found = LookUp("192.0.2.7", 1883, SteadyNow());
  EXPECT_EQ(found.cause, ProbeCause::kResolverSilent);
  EXPECT_EQ(found.error, "no answer in time");
}

}  // namespace
}  // namespace mqttpush
