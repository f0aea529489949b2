// The same question at every door: what the API, the Flowcore routes and the
// command line tell of the same attempts.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/e2e/awkward_events.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/child_process.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

// printf %s fc_test_4711 | sha256sum
constexpr char kDigest[] =
    "ae50cf6b9845fce9dea3c8155d6e980a00420e40ab36a8025b6ca104502679e2";
constexpr char kAuthorization[] = "Authorization: ApiKey test:fc_test_4711\r\n";
// Not the default ones.
constexpr char kFlowTypes[] =
    "assets.7=ASSET,places.7=LOCATION,sensors.7=SENSOR_DATA,"
    "reefers.7=REEFER_DATA,gensets.7=GENSET_DATA,gtoems.7=GTOEM_DATA";
constexpr char kDenied[] = "tenants/acme/subscriptions/denied";

class DoorsTest : public E2eTest {
 protected:
  // A customer who allows us one topic of two.
  void SetUp() override {
    WriteFile(temp_dir_.File("tokens"), absl::StrCat("acme ", kDigest, "\n"));
    StartService({{"MQTTPUSH_HTTP_LISTEN_ADDRESS", "127.0.0.1:0"},
                  {"MQTTPUSH_HTTP_PORT_FILE", temp_dir_.File("http.port")},
                  {"MQTTPUSH_FLOWCORE_TOKENS_FILE", temp_dir_.File("tokens")},
                  {"MQTTPUSH_FLOWCORE_FLOW_TYPES", kFlowTypes}});
    WriteFile(temp_dir_.File("acl"), "topic write events\ntopic read #\n");
    mosquitto_ = StartMosquitto(
        {.more_config = absl::StrCat("acl_file ", temp_dir_.File("acl"),
                                     "\nmax_queued_messages 1000\n")});
    ProvisionAcme(*mosquitto_);
    auto broker = admin().GetBroker(kBroker);
    broker->set_protocol_version(v1::Broker::MQTT_5);
    ASSERT_OK(admin().UpdateBroker(*broker, {"protocol_version"}));
    ASSERT_OK(admin().CreateSubscription(
        kDenied, Proto<v1::Subscription>(absl::StrCat("broker: '", kBroker,
                                                      "' topic: 'denied' "
                                                      "qos: AT_LEAST_ONCE"))));
  }

  rapidjson::Document Get(const std::string& path) {
    std::string address = ReadFile(temp_dir_.File("http.port"));
    const HttpAnswer answer =
        HttpGet(std::string(absl::StripTrailingAsciiWhitespace(address)), path,
                kAuthorization);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Parsed(answer.body);
  }
  // All events that the Flowcore routes have, as text.
  std::vector<std::string> FlowcoreEvents() {
    std::vector<std::string> events;
    const auto buckets = Get("/api/v1/time-buckets?eventTypeId=created.0");
    for (const auto& bucket : buckets["timeBuckets"].GetArray()) {
      const auto page =
          Get(absl::StrCat("/api/v1/events?eventTypeId=created.0&timeBucket=",
                           bucket.GetString()));
      for (const auto& event : page["events"].GetArray()) {
        events.push_back(TextOf(event));
      }
    }
    return events;
  }
  // The same of the command line.
  std::vector<std::string> CommandLineEvents() {
    const std::string output = temp_dir_.File("output");
    WriteFile(output, "");  // it is appended to
    const absl::Status ended = ChildProcess::Run(
        {.argv = {absl::StrCat(MQTTPUSH_BIN, "/mqttpush"), "stream", "acme",
                  "--no-live", "--json"},
         .log_path = output,
         .environment = {{"XDG_CONFIG_HOME", temp_dir_.path()},
                         {"MQTTPUSH_CLI_SERVER", service_->address()}}});
    EXPECT_TRUE(ended.ok()) << ended << ReadFile(output);
    std::vector<std::string> events;
    for (absl::string_view line :
         absl::StrSplit(ReadFile(output), '\n', absl::SkipEmpty())) {
      events.push_back(TextOf(Parsed(line)));
    }
    return events;
  }

  // Of the attempts of kSubscription, at both doors.
  void ExpectAllSay(const std::string& text) {
    const std::vector<std::string> flowcore = Delivered(FlowcoreEvents());
    EXPECT_EQ(flowcore, Delivered(CommandLineEvents()));
    ASSERT_THAT(flowcore, ::testing::SizeIs(1));
    EXPECT_THAT(flowcore[0], ::testing::HasSubstr(text));
  }
  static std::vector<std::string> Delivered(std::vector<std::string> events) {
    std::erase_if(events, [](const std::string& event) {
      return !absl::StrContains(event, "\"status\":\"success\"");
    });
    return events;
  }

  // Numbers stay as they are written.
  static rapidjson::Document Parsed(absl::string_view text) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseNumbersAsStringsFlag>(text.data(),
                                                          text.size());
    EXPECT_FALSE(document.HasParseError()) << text;
    return document;
  }
  static std::string TextOf(const rapidjson::Value& value) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value.Accept(writer);
    return buffer.GetString();
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
};

TEST_F(DoorsTest, TellTheSameOfDeliveredAndRefusedOnes) {
  const std::vector<v1::Event> events = AwkwardEvents(kOwner);
  Publish(events);
  WaitUntilDelivered();
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    const auto denied = admin().GetSubscription(kDenied);
    return denied->backlog().retrying_count() ==
           static_cast<int64_t>(events.size());
  }));
  ASSERT_OK(admin().PauseSubscription(kDenied));  // no more tries

  // A try that was under way may still be recorded.
  std::vector<std::string> flowcore, command_line;
  EXPECT_TRUE(WaitUntil(kPatience,
                        [&] {
                          flowcore = FlowcoreEvents();
                          command_line = CommandLineEvents();
                          return flowcore == command_line &&
                                 flowcore.size() >= 2 * events.size();
                        }))
      << "Flowcore:\n"
      << absl::StrJoin(flowcore, "\n") << "\nmqttpush:\n"
      << absl::StrJoin(command_line, "\n");

  int64_t succeeded = 0, failed = 0;
  for (const auto& [delivery, attempts] : HistoryOf().attempts) {
    for (const v1::Attempt& attempt : attempts) {
      ++(attempt.outcome() == v1::Attempt::SUCCEEDED ? succeeded : failed);
      const auto names = [&](const std::string& event) {
        return absl::StrContains(event, attempt.name());
      };
      EXPECT_EQ(std::count_if(flowcore.begin(), flowcore.end(), names), 1)
          << attempt.name();
    }
  }
  EXPECT_EQ(succeeded, static_cast<int64_t>(events.size()));
  EXPECT_EQ(static_cast<int64_t>(flowcore.size()), succeeded + failed);
  EXPECT_EQ(admin().GetSubscription(kSubscription)->backlog().delivered_count(),
            succeeded);
}

// The broker and `retain` are shown as they are, of a subscription that is
// still there; not of another one that has its name.
TEST_F(DoorsTest, TellTheSameOfWhatWasChangedOrDeleted) {
  Publish({LocationEvent("e1", kOwner, 1)});
  WaitUntilDelivered();
  auto subscription = admin().GetSubscription(kSubscription);
  subscription->set_retain(true);
  ASSERT_OK(admin().UpdateSubscription(*subscription, {"retain"}));
  ExpectAllSay("\"retain\":true");

  grpc::ClientContext context;
  v1::DeleteSubscriptionRequest request;
  request.set_name(kSubscription);
  google::protobuf::Empty response;
  ASSERT_TRUE(
      service_->admin().DeleteSubscription(&context, request, &response).ok());
  ExpectAllSay("\"retain\":null");
  ASSERT_OK(admin().CreateSubscription(kSubscription, *subscription));
  ExpectAllSay("\"retain\":null");
}

}  // namespace
}  // namespace mqttpush
