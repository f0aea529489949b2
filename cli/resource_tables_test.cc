#include "cli/resource_tables.h"

#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Printed(const std::string& brokers) {
  v1::ListBrokersResponse response;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(brokers, &response));
  std::istringstream in;
  std::ostringstream out;
  Console console({.in = in, .out = out, .err = out});
  ResourceTable(response, absl::FromUnixSeconds(100)).Print(console);
  return out.str();
}

TEST(BrokerTableTest, SaysWhyALinkIsDown) {
  EXPECT_THAT(
      Printed("brokers { name: 'tenants/acme/brokers/main' host: 'b' port: 1 "
              "link { state: BACKING_OFF last_error: 'connection refused' "
              "next_connect_time { seconds: 130 } } }"),
      AllOf(HasSubstr("BACKING_OFF"),
            HasSubstr("connection refused; next try in 30 s\n")));
}

// The link is up all the same.
TEST(BrokerTableTest, SaysWhichSubscriptionsAskForTooMuch) {
  const std::string text = Printed(
      "brokers { name: 'tenants/acme/brokers/main' host: 'b' port: 1 "
      "link { state: CONNECTED } incompatibilities: "
      "'tenants/acme/subscriptions/all: QoS 2 is asked for: lower it' "
      "incompatibilities: 'tenants/acme/subscriptions/b: no' }");
  EXPECT_THAT(text, AllOf(HasSubstr("CONNECTED"),
                          HasSubstr("INCOMPATIBLE all: QoS 2 is asked for; "
                                    "and 1 more\n")));
}

TEST(BrokerTableTest, CutsWhatIsTooLongForATable) {
  const std::string text = Printed(absl::StrCat(
      "brokers { link { state: REFUSED last_error: '", std::string(99, 'x'),
      "\u00e4", std::string(500, 'y'), "' } }"));
  EXPECT_THAT(text, AllOf(HasSubstr("xxx...\n"), Not(HasSubstr("y"))));
}

}  // namespace
}  // namespace mqttpush::cli
