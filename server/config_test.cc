#include "server/config.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ServerConfig> Parse(
    std::vector<std::string> arguments,
    std::map<std::string, std::string> environment = {}) {
  std::vector<std::string> names;
  for (const auto& [name, value] : environment) names.push_back(name);
  return ParseConfig(
      arguments,
      [&](const std::string& name) -> std::optional<std::string> {
        auto found = environment.find(name);
        if (found == environment.end()) return std::nullopt;
        return found->second;
      },
      names);
}

TEST(ConfigTest, FlagWinsOverEnvironmentOverDefault) {
  EXPECT_EQ(Parse({})->listen_address, "127.0.0.1:50051");
  EXPECT_EQ(Parse({}, {{"MQTTPUSH_LISTEN_ADDRESS", "a:1"}})->listen_address,
            "a:1");
  EXPECT_EQ(
      Parse({"--listen-address=b:2"}, {{"MQTTPUSH_LISTEN_ADDRESS", "a:1"}})
          ->listen_address,
      "b:2");
  EXPECT_EQ(Parse({"--listen-address", "c:3"})->listen_address, "c:3");
}

TEST(ConfigTest, SetEventIdHasThreeStates) {
  EXPECT_EQ(Parse({})->set_event_id, "");
  EXPECT_EQ(Parse({}, {{"MQTT_SET_EVENT_ID", ""}})->set_event_id, "eventId");
  EXPECT_EQ(Parse({}, {{"MQTT_SET_EVENT_ID", "uid"}})->set_event_id, "uid");
  EXPECT_EQ(Parse({"--mqtt-set-event-id=uid"})->set_event_id, "uid");
}

TEST(ConfigTest, NetworksAreAList) {
  EXPECT_TRUE(Parse({})->egress_allow.empty());
  EXPECT_THAT(Parse({"--egress-allow=10.0.0.0/8,fd12::1"})->egress_allow,
              testing::ElementsAre("10.0.0.0/8", "fd12::1/128"));
}

TEST(ConfigTest, VariablesOfTheCommandLineAreNone) {
  EXPECT_TRUE(Parse({}, {{"MQTTPUSH_CLI_SERVER", "a:1"}}).ok());
}

TEST(ConfigTest, QuotasHaveDefaultsAndMaxima) {
  const QuotaRules quotas =
      Parse({"--default-ingest-rate=50", "--default-outbox-bytes=2GiB",
             "--default-outbox-policy=DROP_OLDEST",
             "--max-outbox-events=2000000"})
          ->quotas;
  EXPECT_EQ(quotas.defaults.ingest_events_per_second, 50);
  EXPECT_EQ(quotas.defaults.ingest_burst, 1'000'000);
  EXPECT_EQ(quotas.defaults.max_waiting_bytes, int64_t{2} << 30);
  EXPECT_EQ(quotas.defaults.outbox_policy, OutboxPolicy::kDropOldest);
  EXPECT_EQ(quotas.maxima.max_waiting_events, 2'000'000);
  const std::pair<std::vector<std::string>, const char*> kBad[] = {
      {{"--default-ingest-rate=0"},
       "--default-ingest-rate: must be a whole number from 1 to 1000000"},
      {{"--max-outbox-bytes=2TiB"},
       "--max-outbox-bytes: must be from 1 byte to 1TiB"},
      {{"--default-outbox-policy=drop"},
       "--default-outbox-policy: must be REFUSE_NEW or DROP_OLDEST"}};
  for (const auto& [arguments, error] : kBad) {
    EXPECT_EQ(std::string(Parse(arguments).status().message()), error);
  }
}

TEST(ConfigTest, ASwitchNeedsNoValue) {
  EXPECT_FALSE(Parse({})->allow_network_filesystem);
  auto config = Parse({"--allow-network-filesystem", "--data-dir", "d"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->allow_network_filesystem);
  EXPECT_EQ(config->data_dir, "d");
  const char kVariable[] = "MQTTPUSH_ALLOW_NETWORK_FILESYSTEM";
  EXPECT_TRUE(Parse({}, {{kVariable, "true"}})->allow_network_filesystem);
  EXPECT_FALSE(
      Parse({"--allow-network-filesystem=false"}, {{kVariable, "true"}})
          ->allow_network_filesystem);
}

TEST(ConfigTest, ErrorsNameTheSettingAndTheRule) {
  struct Case {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::string message;
  };
  const Case kTable[] = {
      {{"--nonsense=1"}, {}, "--nonsense: no such flag"},
      {{}, {{"MQTTPUSH_NONSENSE", "1"}}, "MQTTPUSH_NONSENSE: no such setting"},
      {{"--ack-timeout"}, {}, "--ack-timeout: needs a value"},
      {{"--ack-timeout=soon"}, {}, "--ack-timeout: must be a duration"},
      {{"--audit-interval=0s"}, {}, "from 1s to 1h"},
      {{"--ack-timeout=0s"}, {}, "from 1s to 10m"},
      {{}, {{"MQTTPUSH_MAX_ATTEMPTS", "0"}}, "must be a whole number from 1"},
      {{"--connect-rate-per-host=1001"}, {}, "from 1 to 1000"},
      {{"--data-dir="}, {}, "--data-dir: must not be empty"},
      {{"--egress-allow=10.0.0.0/8,"},
       {},
       "--egress-allow: \"\" is no network"},
      {{"--egress-allow=10.0.0.1/8"}, {}, "10.0.0.0/8 would be the network"},
      {{"--allow-network-filesystem=yes"}, {}, "must be true or false"},
      {{}, {{"MQTTPUSH_QOS_0_LIFETIME", "0s"}}, "from 1s to 24h"},
      {{"--connect-backoff-max=20ms"}, {}, "--connect-backoff-max: must not"},
      {{"--retention=30m"}, {}, "from 1h to 876000h"},
      {{"--retention=xd"}, {}, "--retention: must be a duration"},
      {{"--retention-bytes=20GB"}, {}, "must be a number of bytes"},
      {{"--retention-bytes=-1"}, {}, "must be a number of bytes"},
      {{"--retention=2h"}, {}, "--retention: must not be below"},
      {{"--flowcore-flow-types=a=B"}, {}, "\"a=B\" names no object type"},
      {{"--flowcore-export-url=a"}, {}, "must be a URL as https://host"},
      {{"--flowcore-export-url=http://a"}, {}, "need each other"},
      {{"--tls-certificate-file=a"}, {}, "need each other"},
      {{"--listen-address=a:65536"}, {}, "--listen-address: must be host:port"},
      {{"--http-listen-address=a"}, {}, "from 0 to 65535"},
      {{"--health-listen-address=a:b"}, {}, "from 0 to 65535"},
      {{"--tls-key-file=a"}, {}, "need each other"},
      {{"--tls-client-ca-file=a"}, {}, "needs --tls-certificate-file"},
      {{"--flowcore-export-key-file=a"}, {}, "need each other"},
      {{"--http-port-file=p"}, {}, "needs --http-listen-address"},
      {{"--segment-rows=999"}, {}, "from 1000 to 10000000"},
      {{"--dedupe-window=1s"}, {}, "from 1m to 8784h"},
      {{"--segment-age=32d"}, {}, "from 1m to 744h"}};
  for (const Case& c : kTable) {
    SCOPED_TRACE(c.message);
    auto config = Parse(c.arguments, c.environment);
    ASSERT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(c.message));
  }
}

TEST(ConfigTest, DaysAndBinaryUnits) {
  EXPECT_EQ(Parse({"--retention=30d"})->log.retention, absl::Hours(720));
  EXPECT_EQ(Parse({"--retention=300h"})->log.retention, absl::Hours(300));
  EXPECT_EQ(Parse({"--retention-bytes=20GiB"})->log.retention_bytes,
            int64_t{20} << 30);
  EXPECT_EQ(Parse({"--retention-bytes=77"})->log.retention_bytes, 77);
}

TEST(ConfigTest, HttpIsOffUnlessItIsAskedFor) {
  EXPECT_EQ(Parse({})->http_listen_address, "");
  EXPECT_EQ(Parse({"--http-listen-address=a:1"})->http_listen_address, "a:1");
}

TEST(ConfigTest, FlowTypesAreATable) {
  EXPECT_EQ(Parse({})->flowcore_flow_types.Find("asset.0"), ObjectType::kAsset);
  const auto config = Parse({"--flowcore-flow-types=gps.1=LOCATION"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->flowcore_flow_types.Find("gps.1"), ObjectType::kLocation);
  EXPECT_EQ(config->flowcore_flow_types.Find("asset.0"), std::nullopt);
}

TEST(ConfigTest, ForeignVariablesAreNotOurs) {
  EXPECT_TRUE(Parse({}, {{"PATH", "/bin"}, {"MQTT_HOST", "x"}}).ok());
}

TEST(ConfigTest, HelpAndMarkdownNameEverySetting) {
  for (const char* flag : {"--listen-address",
                           "--data-dir",
                           "--allow-network-filesystem",
                           "--port-file",
                           "--http-listen-address",
                           "--http-port-file",
                           "--flowcore-flow-types",
                           "--flowcore-secret-file",
                           "--flowcore-tokens-file",
                           "--flowcore-export-url",
                           "--flowcore-export-key-file",
                           "--mqtt-set-event-id",
                           "--log-level",
                           "--audit-interval",
                           "--worker-path",
                           "--ack-timeout",
                           "--connect-backoff-base",
                           "--connect-backoff-max",
                           "--connect-rate-per-host",
                           "--max-attempts",
                           "--qos-0-lifetime"}) {
    EXPECT_THAT(ConfigHelp(), HasSubstr(flag));
    EXPECT_THAT(ConfigMarkdown(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace mqttpush
