// A real grpcurl provisions, sends and reads, by the very lines of README.md.
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/readme_commands.h"
#include "tests/support/child_process.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

// `./dev` installs it where there is Go.
const char* const kWhere = MQTTPUSH_SOURCE_DIR "/.cache/bin";

class GrpcurlTest : public E2eTest {
 protected:
  void SetUp() override {
    path_ = absl::StrCat(kWhere, ":", std::getenv("PATH"));
    if (!Run("command -v grpcurl").ok()) {
      GTEST_SKIP() << "no grpcurl on PATH or in .cache/bin; ./dev setup "
                      "installs it where there is Go";
    }
    StartService();
  }

  // Runs a shell script to its end; its output is in output().
  absl::Status Run(const std::string& script) {
    return ChildProcess::Run(
        {.argv = {"bash", "-euo", "pipefail", "-c", script},
         .log_path = temp_dir_.File("output"),
         .environment = {{"PATH", path_}}});
  }
  std::string output() const { return ReadFile(temp_dir_.File("output")); }

  std::string Grpcurl(const std::string& arguments) const {
    return absl::StrCat("grpcurl -plaintext ", service_->address(), " ",
                        arguments);
  }

  std::string path_;
};

TEST_F(GrpcurlTest, TheLinesOfTheReadmeWork) {
  const auto mosquitto = StartMosquitto();
  const auto customer = Subscribe(*mosquitto, {"globe-tracker/events/+"});
  const std::string script =
      absl::StrReplaceAll(ShellOf(ReadmePart("grpcurl")),
                          {{"127.0.0.1:50051", service_->address()},
                           {"18830", absl::StrCat(mosquitto->port())}});
  ASSERT_THAT(script, HasSubstr("CreateSubscription"));

  ASSERT_OK(Run(script)) << output();

  EXPECT_THAT(output(), HasSubstr("\"status\": \"SERVING\""));
  EXPECT_THAT(output(), HasSubstr("\"text\": \"accepted as mqttpush-probe-"));
  EXPECT_THAT(output(), HasSubstr("\"outcome\": \"ACCEPTED\""));
  ASSERT_TRUE(customer->WaitForCount(1, kPatience));
  EXPECT_EQ(customer->messages()[0].topic, "globe-tracker/events/location");
  WaitUntilDelivered();
  ASSERT_OK(Run(absl::StrCat(
      "grpcurl -plaintext -d '{\"parent\": "
      "\"tenants/acme\"}' ",
      service_->address(), " mqttpush.v1.HistoryService/ListAttempts")));
  EXPECT_THAT(output(), HasSubstr("\"outcome\": \"SUCCEEDED\""));
}

TEST_F(GrpcurlTest, ReflectionListsAndDescribes) {
  ASSERT_OK(Run(Grpcurl("list"))) << output();
  for (const char* service :
       {"grpc.health.v1.Health", "mqttpush.v1.AdminService",
        "mqttpush.v1.IngestService", "mqttpush.v1.HistoryService"}) {
    EXPECT_THAT(output(), HasSubstr(service));
  }
  ASSERT_OK(Run(Grpcurl("describe mqttpush.v1.Broker"))) << output();
  EXPECT_THAT(output(), HasSubstr("protocol_version"));
}

TEST_F(GrpcurlTest, ErrorsNameEveryField) {
  EXPECT_FALSE(Run(Grpcurl("mqttpush.v1.AdminService/CreateTenant")).ok());
  EXPECT_THAT(output(), HasSubstr("tenant_id"));
  EXPECT_THAT(output(), HasSubstr("google.rpc.BadRequest"));
  EXPECT_THAT(output(), HasSubstr("google.rpc.ErrorInfo"));
}

}  // namespace
}  // namespace mqttpush
