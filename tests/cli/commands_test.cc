// The commands against the real service within the test's process, with its
// real worker and a real broker.
#include <fstream>
#include <future>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/cli_fixture.h"
#include "rapidjson/document.h"
#include "server/server.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kDeadline = absl::Seconds(60);
constexpr char kOwner[] = "660e8400-e29b-41d4-a716-446655440001";

class CommandsTest : public CliFixture {
 protected:
  void SetUp() override { StartService("127.0.0.1:0"); }
  void StartService(const std::string& address) {
    ServerConfig config;
    config.listen_address = address;
    config.data_dir = temp_.File("data");
    config.worker_path = MQTTPUSH_WORKER;
    config.egress_allow = {"127.0.0.0/8"};
    config.connect_backoff_base = absl::Milliseconds(100);
    config.connect_backoff_max = absl::Milliseconds(500);
    auto service = Server::Start(config);
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
    server_ = service_->address();
  }

  // A broker, and the tenant acme with a subscription to it.
  void Provision() {
    auto broker = MosquittoBroker::Create();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    RunOk({"apply", "-f", "-"}, TenantYaml());
  }
  std::string TenantYaml() {
    return absl::StrCat(
        "tenant: acme\nowner_ids: [", kOwner,
        "]\nbrokers:\n  main: {host: 127.0.0.1, port: ", broker_->port(),
        ", protocol_version: mqtt-5}\n"
        "subscriptions:\n  events: {broker: main, topic: "
        "\"fleet/{objectType}\", qos: 1}\n");
  }
  std::string Event(const std::string& id) {
    return absl::StrCat(R"({"objectType":"location","eventId":"event-)", id,
                        R"(","payload":{"id":)", id,
                        R"(, "assetId":"asset-1","ownerId":")", kOwner,
                        R"(","whenCreated":"2024-03-20T14:30:00Z",)"
                        R"("latitude":55.50,"longitude":12}})",
                        "\n");
  }
  void WaitUntilDelivered(int count) {
    EXPECT_TRUE(WaitUntil(kDeadline, [&] {
      return absl::StrContains(RunOk({"subscriptions", "get", "acme/events"}),
                               absl::StrCat("delivered_count: ", count, "\n"));
    }));
  }

  TempDir temp_;
  std::unique_ptr<MosquittoBroker> broker_;
  std::unique_ptr<Server> service_;
};

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

rapidjson::Document Json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  EXPECT_TRUE(document.IsObject()) << text;
  return document;
}

TEST_F(CommandsTest, ResourcesComeAndGo) {
  EXPECT_EQ(Run({"tenants", "list"}).err, "no tenants\n");
  RunOk({"tenants", "create", "acme", "--set", "display_name=Åcme", "--set",
         absl::StrCat("owner_ids=[", kOwner, "]")});
  EXPECT_THAT(Lines(RunOk({"tenants", "list"})), SizeIs(2));
  RunOk({"brokers", "create", "acme/main", "--set", "host=192.0.2.1", "--set",
         "keep_alive=90s", "--dry-run"});
  EXPECT_EQ(Run({"brokers", "get", "acme/main"}).code, ExitCode::kNotFound);
  RunOk({"brokers", "create", "acme/main", "--set", "host=192.0.2.1"});
  RunOk({"subscriptions", "create", "acme/all", "--set", "broker=main", "--set",
         "topic=fleet/{objectType}"});
  RunOk({"subscriptions", "pause", "acme/all"});
  EXPECT_THAT(RunOk({"subscriptions", "list", "acme"}),
              AllOf(HasSubstr("acme/all"), HasSubstr("PAUSED")));
  EXPECT_THAT(RunOk({"brokers", "resume", "acme/main"}), HasSubstr("ACTIVE"));
  EXPECT_THAT(RunOk({"brokers", "pause", "acme/main"}), HasSubstr("PAUSED"));
  EXPECT_EQ(Run({"brokers", "pause", "acme/b"}).code, ExitCode::kNotFound);
  const RunResult in_use = Run({"tenants", "delete", "acme"});
  EXPECT_EQ(in_use.code, ExitCode::kServiceError);
  EXPECT_THAT(in_use.err, HasSubstr("hint: here that is --force"));
  RunOk({"tenants", "delete", "acme", "--force"});
  EXPECT_EQ(Run({"tenants", "get", "acme"}).code, ExitCode::kNotFound);
}

TEST_F(CommandsTest, UpdateChangesWhatIsNamed) {
  RunOk({"tenants", "create", "acme", "--set", "display_name=A", "--set",
         "labels={a: b}"});
  EXPECT_THAT(RunOk({"tenants", "update", "acme", "--set", "display_name=B"}),
              AllOf(HasSubstr("display_name: B\n"), HasSubstr("  a: b\n")));
  EXPECT_THAT(RunOk({"tenants", "update", "acme", "--unset", "labels"}),
              AllOf(HasSubstr("display_name: B\n"), Not(HasSubstr("labels"))));
  const RunResult wrong = Run({"tenants", "update", "acme", "--set",
                               "display_name=C", "--etag", "old"});
  EXPECT_EQ(wrong.code, ExitCode::kServiceError);
  EXPECT_THAT(wrong.err, HasSubstr("hint: read it again"));
}

TEST_F(CommandsTest, EveryViolationHasItsLine) {
  RunOk({"tenants", "create", "acme"});
  const RunResult result = Run({"brokers", "create", "acme/main", "--set",
                                "port=70000", "--set", "keep_alive=1s"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, AllOf(HasSubstr("\n  broker.host: "),
                                HasSubstr("\n  broker.port: "),
                                HasSubstr("\n  broker.keep_alive: ")));
}

TEST_F(CommandsTest, ApplyIsRepeatable) {
  const std::string yaml = absl::StrCat(
      "tenant: acme\nowner_ids: [", kOwner,
      "]\nbrokers:\n"
      "  main:\n    host: 192.0.2.1\n"
      "    username_password: {username: u, password: {env: PASSWORD}}\n"
      "subscriptions:\n  all: {broker: main, topic: t}\n");
  environment_["PASSWORD"] = "s3cret";
  const RunResult dry = Run({"apply", "-f", "-", "--dry-run"}, yaml);
  EXPECT_THAT(dry.out, HasSubstr("+ tenants/acme/brokers/main  create\n"));
  EXPECT_EQ(dry.err,
            "dry run, nothing is changed: 3 to create, 0 to change, 0 to "
            "delete, 0 unchanged\n");
  EXPECT_THAT(dry.out, HasSubstr("    username_password.password: set\n"));
  EXPECT_EQ(Run({"tenants", "get", "acme"}).code, ExitCode::kNotFound);

  EXPECT_EQ(Run({"apply", "-f", "-"}, yaml).err,
            "3 created, 0 changed, 0 deleted, 0 unchanged\n");
  const RunResult again = Run({"apply", "-f", "-"}, yaml);
  EXPECT_EQ(again.err, "0 created, 0 changed, 0 deleted, 3 unchanged\n");
  EXPECT_THAT(again.out, HasSubstr("username_password.password: unchanged"));

  environment_["PASSWORD"] = "another";
  const RunResult other = Run({"apply", "-f", "-"}, yaml);
  EXPECT_EQ(other.err, "0 created, 1 changed, 0 deleted, 2 unchanged\n");
  EXPECT_THAT(other.out, HasSubstr("username_password.password: changed"));
  for (const RunResult& result : {dry, again, other}) {
    EXPECT_THAT(result.out + result.err,
                AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("another"))));
  }
}

// Also what belongs to a tenant or a broker that is not there yet.
TEST_F(CommandsTest, ApplyChecksAllBeforeItChangesAnything) {
  const std::string yaml =
      "tenant: acme\nowner_ids: [' x']\n"
      "brokers: {main: {host: b, port: 70000}}\n"
      "subscriptions:\n  all: {broker: main, topic: 'a/#'}\n"
      "  more: {broker: other, topic: a}\n";
  for (const bool dry_run : {true, false}) {
    std::vector<std::string> arguments = {"apply", "-f", "-"};
    if (dry_run) arguments.push_back("--dry-run");
    const RunResult result = Run(arguments, yaml);
    EXPECT_EQ(result.code, ExitCode::kUsage);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(
        result.err,
        AllOf(HasSubstr("the file is not valid; nothing is changed:\n"),
              HasSubstr("\n  owner_ids[0]: must not begin"),
              HasSubstr("\n  brokers.main.port: must be from 1 to 65535\n"),
              HasSubstr("\n  subscriptions.all.topic: "),
              HasSubstr("\n  subscriptions.more.broker: must be a broker of "
                        "the file: the tenant is new\n"),
              Not(HasSubstr("subscriptions.all.broker"))));
    EXPECT_EQ(Run({"tenants", "list"}).err, "no tenants\n");
  }
}

TEST_F(CommandsTest, ApplyChecksWhatBelongsToANewBroker) {
  Provision();
  const auto with = [&](const std::string& subscription) {
    return absl::StrCat(
        TenantYaml(), "  more: {broker: second, topic: ", subscription, "}\n");
  };
  const std::string brokers = "  second: {host: 192.0.2.1}\nsubscriptions:";
  const auto file = [&](const std::string& topic) {
    return absl::StrReplaceAll(with(topic), {{"subscriptions:", brokers}});
  };
  const RunResult bad = Run({"apply", "-f", "-"}, file("'a/#'"));
  EXPECT_EQ(bad.code, ExitCode::kUsage);
  EXPECT_THAT(bad.err, HasSubstr("\n  subscriptions.more.topic: "));
  EXPECT_THAT(bad.err, Not(HasSubstr("subscriptions.more.broker")));
  EXPECT_EQ(Run({"brokers", "get", "acme/second"}).code, ExitCode::kNotFound);
  RunOk({"apply", "-f", "-", "--dry-run"}, file("a"));
  EXPECT_EQ(Run({"apply", "-f", "-"}, file("a")).err,
            "2 created, 0 changed, 0 deleted, 3 unchanged\n");
  // What the file goes on using cannot go.
  const RunResult prune = Run({"apply", "--prune", "-f", "-"}, with("a"));
  EXPECT_EQ(prune.code, ExitCode::kUsage);
  EXPECT_THAT(prune.err, HasSubstr("subscriptions.more.broker: is second, "
                                   "which is not in the file and --prune"));
}

TEST_F(CommandsTest, ApplyDeletesOnlyWhenItIsTold) {
  Provision();
  const std::string yaml =
      absl::StrCat("tenant: acme\nowner_ids: [", kOwner, "]\n");
  EXPECT_THAT(RunOk({"apply", "-f", "-"}, yaml),
              HasSubstr("? tenants/acme/subscriptions/events  not in the "
                        "file; --prune deletes it\n"));
  EXPECT_THAT(RunOk({"brokers", "list", "acme"}), HasSubstr("acme/main"));
  EXPECT_THAT(RunOk({"--json", "apply", "--prune", "-f", "-"}, yaml),
              HasSubstr(R"("action":"delete")"));
  EXPECT_EQ(Run({"brokers", "list", "acme"}).err, "no brokers\n");
}

TEST_F(CommandsTest, PublishHistoryStream) {
  Provision();
  auto subscriber = MqttSubscriber::Start({.port = broker_->port()});
  ASSERT_TRUE(subscriber.ok()) << subscriber.status();
  const std::string events = Event("1") + Event("2");
  EXPECT_EQ(RunOk({"publish", "-"}, events), "ACCEPTED                2\n");
  ASSERT_TRUE((*subscriber)->WaitForCount(2, kDeadline));
  EXPECT_THAT((*subscriber)->messages()[0].payload,
              HasSubstr(R"({"id":1, "assetId":"asset-1")"));
  EXPECT_EQ(RunOk({"publish", "-"}, events), "DUPLICATE               2\n");
  WaitUntilDelivered(2);

  const std::string history = RunOk({"history", "acme"});
  EXPECT_THAT(Lines(history), SizeIs(3));
  EXPECT_THAT(history, ContainsRegex("DELIVERED +Location +acme/2-1 +1 +1 +"
                                     "fleet/location +event-2"));
  EXPECT_THAT(RunOk({"history", "acme", "--outcome", "succeeded", "-n", "1"}),
              HasSubstr("acme/2-1/1"));
  EXPECT_THAT(RunOk({"history", "acme/1-1"}),
              AllOf(HasSubstr(R"(payload       {"id":1, )"),
                    HasSubstr("state         DELIVERED")));

  const auto lines = Lines(RunOk(
      {"stream", "acme", "--no-live", "-s", "1d", "--payload", "--json"}));
  ASSERT_THAT(lines, SizeIs(2));
  const auto result = Json(lines[0]);
  EXPECT_STREQ(result["eventId"].GetString(), "event-1");
  EXPECT_EQ(result["objectId"].GetInt(), 1);
  EXPECT_STREQ(result["ownerId"].GetString(), kOwner);
  EXPECT_STREQ(result["status"].GetString(), "success");
  EXPECT_EQ(result["payloadBytes"].GetUint64(),
            (*subscriber)->messages()[0].payload.size());
  EXPECT_STREQ(result["endpointUrl"].GetString(),
               absl::StrCat("mqtt://127.0.0.1:", broker_->port()).c_str());
  EXPECT_THAT(Lines(RunOk({"stream", "acme", "--no-live", "-m", "1"})),
              SizeIs(1));
  EXPECT_EQ(RunOk({"stream", "acme", "--no-live", "-s", "now"}), "");
}

// A live stream goes on over a restart, without a gap or a repeat.
TEST_F(CommandsTest, StreamOutlivesTheService) {
  Provision();
  RunOk({"publish", "-"}, Event("1") + Event("2"));
  WaitUntilDelivered(2);
  std::ofstream out(temp_.File("out"));
  std::ofstream err(temp_.File("err"));
  auto stream = std::async(std::launch::async, [&] {
    return RunTo(out, err, {"stream", "acme", "-s", "1d", "-m", "4"});
  });
  ASSERT_TRUE(WaitUntil(kDeadline, [&] {
    return absl::StrContains(ReadFile(temp_.File("out")), " event-2 ");
  }));
  service_.reset();
  StartService(server_);
  RunOk({"publish", "-"}, Event("3") + Event("4"));
  EXPECT_EQ(stream.get(), ExitCode::kOk) << ReadFile(temp_.File("err"));
  const auto lines = Lines(ReadFile(temp_.File("out")));
  ASSERT_THAT(lines, SizeIs(4));
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(lines[i], HasSubstr(absl::StrCat(" event-", i + 1, " ")));
  }
}

TEST_F(CommandsTest, ExplainAndRetry) {
  Provision();
  RunOk({"publish", "-"}, Event("1"));
  WaitUntilDelivered(1);
  EXPECT_THAT(RunOk({"explain", "acme", "--event", "event-1"}),
              HasSubstr("DELIVERED  acme/events  event event-1"));
  const RunResult never = Run({"explain", "acme", "--object", "77"});
  EXPECT_EQ(never.code, ExitCode::kNegative);
  EXPECT_THAT(never.out, HasSubstr("NEVER_RECEIVED\n"));
  EXPECT_THAT(RunOk({"retry", "acme/1-1"}), HasSubstr("acme/1-1  RETRYING"));
  EXPECT_EQ(Run({"retry", "acme/9-1"}).code, ExitCode::kNotFound);
  EXPECT_TRUE(WaitUntil(kDeadline, [&] {
    return Lines(RunOk({"stream", "acme", "--no-live"})).size() == 2;
  }));
  // That a person had asked for it is to be seen everywhere.
  const auto stream = Lines(RunOk({"stream", "acme", "--no-live"}));
  EXPECT_THAT(stream[0], Not(HasSubstr("MANUAL")));
  EXPECT_THAT(stream[1], HasSubstr("acme/1-1/2  MANUAL"));
  EXPECT_THAT(RunOk({"history", "acme", "--attempts"}),
              ContainsRegex("SUCCEEDED +MANUAL "));
  EXPECT_THAT(RunOk({"history", "acme/1-1"}),
              ContainsRegex("SUCCEEDED +MANUAL "));
  EXPECT_THAT(RunOk({"explain", "acme", "--event", "event-1"}),
              HasSubstr("the last attempt was MANUAL: a person asked for it"));
}

TEST_F(CommandsTest, ExplainSaysWhatToType) {
  Provision();
  RunOk({"subscriptions", "pause", "acme/events"});
  RunOk({"publish", "-"}, Event("1"));
  const auto explained = [&] {
    return Run({"explain", "acme", "--event", "event-1"}).out;
  };
  EXPECT_THAT(explained(),
              HasSubstr("  try:  mqttpush subscriptions resume acme/events\n"));
  RunOk({"tenants", "pause", "acme"});
  EXPECT_THAT(explained(), HasSubstr("  try:  mqttpush tenants resume acme\n"));
}

TEST_F(CommandsTest, EventsThatAreNotTakenAreANo) {
  Provision();
  const RunResult result =
      Run({"publish", "-"},
          Event("1") + "nonsense\n\n" +
              R"({"objectType":"location","payload":{"id":"x"}})" + "\n");
  EXPECT_EQ(result.code, ExitCode::kNegative);
  EXPECT_EQ(result.out,
            "ACCEPTED                1\nREJECTED                2\n");
  EXPECT_THAT(result.err, AllOf(HasSubstr("line 2 rejected: line is no JSON"),
                                HasSubstr("line 4 rejected: payload.")));
  const auto lines = Lines(RunOk({"publish", "-", "--json"}, Event("2")));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_STREQ(Json(lines[0])["outcome"].GetString(), "ACCEPTED");
}

TEST_F(CommandsTest, AQuotaIsSetAndShownAndSaid) {
  Provision();
  EXPECT_THAT(RunOk({"apply", "-f", "-"},
                    TenantYaml() + "quota: {max_waiting_events: 1}\n"),
              HasSubstr("quota.max_waiting_events"));
  EXPECT_THAT(
      RunOk({"tenants", "update", "acme", "--set", "quota.ingest_burst=7",
             "--set", "quota.outbox_policy=refuse-new"}),
      HasSubstr("  ingest_burst: 7\n"));
  EXPECT_THAT(RunOk({"tenants", "get", "acme"}),
              AllOf(HasSubstr("\n  max_waiting_events: 1\n"),
                    HasSubstr("# effective_quota:\n"),
                    HasSubstr("ingest_events_per_second: 1000000\n")));
  RunOk({"subscriptions", "pause", "acme/events"});
  const RunResult result = Run({"publish", "-"}, Event("1") + Event("2"));
  EXPECT_EQ(result.code, ExitCode::kNegative);
  EXPECT_EQ(result.out,
            "ACCEPTED                1\nOVER_QUOTA              1\n");
  EXPECT_THAT(result.err,
              HasSubstr("line 2 not taken: over the quota of tenants/acme: "));
  EXPECT_THAT(RunOk({"tenants", "get", "acme"}),
              HasSubstr("used_percent: 100\n"));
  EXPECT_THAT(Run({"explain", "acme", "--event", "event-2"}).out,
              HasSubstr("over the tenant's quota"));
}

TEST_F(CommandsTest, StatsCountByTypeAndTime) {
  Provision();
  RunOk({"publish", "-"}, Event("1") + Event("2"));
  WaitUntilDelivered(2);
  const std::string stats = RunOk({"stats", "acme", "--by", "hour"});
  EXPECT_THAT(stats, ContainsRegex("Location +2 +2 +2 +1.00"));
  EXPECT_THAT(stats, HasSubstr("now: 0 waiting, 0 in flight"));
  EXPECT_THAT(stats, ContainsRegex("fleet/[a-zA-Z]+ +2 +2 +1.00"));
  const auto json = Json(RunOk({"stats", "acme/events", "--json"}));
  EXPECT_STREQ(json["total"]["deliveredCount"].GetString(), "2");
}

}  // namespace
}  // namespace mqttpush::cli
