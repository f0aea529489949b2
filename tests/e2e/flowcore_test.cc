// Events come in from Flowcore over HTTP and go out over MQTT, sent by the very
// lines of README.md; and what HTTP serves is what tools can read.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/readme_commands.h"
#include "tests/support/child_process.h"
#include "tests/support/raw_http_client.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class FlowcoreTest : public E2eTest {
 protected:
  void SetUp() override {
    const std::string port_file = temp_dir_.File("http.port");
    StartService({{"MQTTPUSH_HTTP_LISTEN_ADDRESS", "127.0.0.1:0"},
                  {"MQTTPUSH_HTTP_PORT_FILE", port_file}});
    address_ = ReadFile(port_file);
    address_.pop_back();
  }

  absl::Status Run(std::vector<std::string> argv,
                   std::map<std::string, std::string> environment = {}) {
    return ChildProcess::Run({.argv = std::move(argv),
                              .log_path = temp_dir_.File("output"),
                              .environment = std::move(environment)});
  }
  std::string output() const { return ReadFile(temp_dir_.File("output")); }

  std::string address_;
};

TEST_F(FlowcoreTest, TheLinesOfTheReadmeWork) {
  const auto mosquitto = StartMosquitto();
  const auto customer = Subscribe(*mosquitto);
  ProvisionAcme(*mosquitto);
  const std::string script = absl::StrReplaceAll(
      ShellOf(ReadmePart("curl")), {{"127.0.0.1:8080", address_}});
  ASSERT_THAT(script, HasSubstr("/transform"));

  ASSERT_OK(Run({"bash", "-euc", script})) << output();

  EXPECT_THAT(output(), HasSubstr("\"outcome\":\"ACCEPTED\""));
  ASSERT_TRUE(customer->WaitForCount(1, kPatience));
  const std::string payload = customer->messages()[0].payload;
  EXPECT_THAT(payload, ::testing::StartsWith("{\"id\": 12345,\n"));
  EXPECT_THAT(script, HasSubstr(payload));
}

TEST_F(FlowcoreTest, AReplayIsPushedOnce) {
  const auto mosquitto = StartMosquitto();
  const auto customer = Subscribe(*mosquitto);
  ProvisionAcme(*mosquitto);
  const auto post = [&](const std::string& event_id) {
    return HttpPost(
        address_, "/transform",
        absl::StrCat(R"({"eventId":")", event_id, R"(","aggregator":)",
                     R"("location.0","payload":{"id":1,"assetId":")", event_id,
                     R"(","ownerId":")", kOwner, R"(",)",
                     R"("whenCreated":"2024-03-20T14:30:00Z",)",
                     R"("latitude":2.50,"longitude":1}})"));
  };
  EXPECT_EQ(post("a").status, 200);
  service_->Kill();
  ASSERT_OK(service_->Restart());
  address_ = ReadFile(temp_dir_.File("http.port"));
  address_.pop_back();
  EXPECT_THAT(post("a").body, HasSubstr("DUPLICATE"));
  EXPECT_THAT(post("b").body, HasSubstr("ACCEPTED"));
  WaitUntilDelivered();
  const auto deliveries = HistoryOf();
  EXPECT_EQ(deliveries.deliveries.size(), 2u);
}

TEST_F(FlowcoreTest, TheMessagesAreReadByTheAsyncApiParser) {
  std::map<std::string, std::string> environment;
  environment["NODE_PATH"] =
      MQTTPUSH_SOURCE_DIR "/.cache/asyncapi/node_modules";
  const char* const kProbe = "require.resolve('@asyncapi/parser')";
  if (!Run({"/usr/bin/env", "node", "-e", kProbe}, environment).ok()) {
    GTEST_SKIP() << "no @asyncapi/parser in .cache/asyncapi; ./dev setup "
                    "installs it where there is npm";
  }
  WriteFile(temp_dir_.File("asyncapi.json"),
            HttpGet(address_, "/asyncapi.json").body);
  ASSERT_OK(Run({"/usr/bin/env", "node",
                 MQTTPUSH_SOURCE_DIR "/tests/e2e/validate_asyncapi.cjs",
                 temp_dir_.File("asyncapi.json")},
                environment))
      << output();
  EXPECT_THAT(output(), HasSubstr("3.0.0: Asset Location SensorData"));
}

}  // namespace
}  // namespace mqttpush
