// From YAML to messages, back, and what differs.
#include "cli/message_fields.h"

#include "cli/field_docs.h"
#include "cli/message_diff.h"
#include "cli/message_yaml.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "mqttpush/v1/resources.pb.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::cli {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

class MessageFieldsTest : public ::testing::Test {
 protected:
  template <typename Message>
  absl::StatusOr<Message> Read(const std::string& yaml) {
    Message message;
    paths_.clear();
    const auto node = ParseYaml(yaml, "file");
    if (!node.ok()) return node.status();
    const absl::Status status = SetFields(source_, *node, &message, &paths_);
    if (!status.ok()) return status;
    return message;
  }
  std::string BrokerError(const std::string& yaml) {
    return std::string(Read<v1::Broker>(yaml).status().message());
  }

  TempDir dir_;
  FieldSource source_{
      .name = "file",
      .folder = dir_.path(),
      .environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "PASSWORD") return "s3cret";
        return std::nullopt;
      }};
  std::vector<std::string> paths_;
};

TEST_F(MessageFieldsTest, WhatTheParserWouldLeaveOutSilentlyIsAnError) {
  EXPECT_EQ(BrokerError("host: a\n---\nhost: b\n"),
            "file:3: must be one document: a second one begins here");
  EXPECT_EQ(BrokerError("host: a\nport: 1\nhost: b\n"),
            "file:3: host: is there twice");
  EXPECT_EQ(BrokerError("tls:\n  enabled: true\n  enabled: false\n"),
            "file:3: enabled: is there twice");
}

TEST_F(MessageFieldsTest, BrokerOfAllKindsOfFields) {
  WriteFile(dir_.File("ca.pem"), "line 1\nline 2\n");
  const auto broker = Read<v1::Broker>(
      "host: 10.0.0.1\n"
      "port: 8883\n"
      "protocolVersion: mqtt-5\n"
      "tls: {enabled: true, ca_certificates_pem: {file: ca.pem}}\n"
      "username_password: {username: 0123, password: {env: PASSWORD}}\n"
      "keep_alive: 1m30s\n"
      "client_id: ~\n");
  ASSERT_TRUE(broker.ok()) << broker.status();
  EXPECT_TRUE(MessageDifferencer::Equals(
      *broker,
      Proto<v1::Broker>(
          "host: '10.0.0.1' port: 8883 protocol_version: MQTT_5 "
          "tls { enabled: true ca_certificates_pem: 'line 1\\nline 2' } "
          "username_password { username: '0123' password: 's3cret' } "
          "keep_alive { seconds: 90 }")))
      << broker->ShortDebugString();
  EXPECT_THAT(
      paths_,
      ElementsAre("host", "port", "protocol_version", "tls.enabled",
                  "tls.ca_certificates_pem", "username_password.username",
                  "username_password.password", "keep_alive", "client_id"));
}

TEST_F(MessageFieldsTest, ListsAndMaps) {
  const auto subscription = Read<v1::Subscription>(
      "object_types: [location, SensorData]\n"
      "topic_overrides:\n"
      "  - {object_type: asset, qos: 2}\n"
      "event_id_field: ''\n");
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  EXPECT_TRUE(MessageDifferencer::Equals(
      *subscription,
      Proto<v1::Subscription>(
          "object_types: LOCATION object_types: SENSOR_DATA "
          "topic_overrides { object_type: ASSET qos: EXACTLY_ONCE } "
          "event_id_field: ''")));
  EXPECT_THAT(paths_,
              ElementsAre("object_types", "topic_overrides", "event_id_field"));
  const auto tenant =
      Read<v1::Tenant>("labels: {region: eu, tier: 1}\nowner_ids: one\n");
  ASSERT_TRUE(tenant.ok()) << tenant.status();
  EXPECT_EQ(tenant->labels().at("tier"), "1");
  EXPECT_THAT(tenant->owner_ids(), ElementsAre("one"));
}

TEST_F(MessageFieldsTest, MistakesHaveTheirLine) {
  EXPECT_THAT(BrokerError("host: a\nhots: b"),
              HasSubstr("file:2: \"hots\" is no field of Broker"));
  EXPECT_THAT(BrokerError("port: many"),
              HasSubstr("file:1: port: must be a whole number"));
  EXPECT_THAT(BrokerError("port: 99999999999"), HasSubstr("whole number"));
  EXPECT_THAT(BrokerError("tls:\n  enabled: yes"),
              HasSubstr("file:2: enabled: must be true or false"));
  EXPECT_THAT(BrokerError("protocol_version: 4"),
              HasSubstr("none of mqtt_3_1_1, mqtt_5"));
  EXPECT_THAT(BrokerError("keep_alive: 60"), HasSubstr("must be a duration"));
  EXPECT_THAT(BrokerError("host: [a]"), HasSubstr("host: must be a text"));
  EXPECT_THAT(BrokerError("state: ACTIVE"),
              HasSubstr("state: is set by the service"));
  EXPECT_THAT(BrokerError("host: {env: NOWHERE}"),
              HasSubstr("the environment has no NOWHERE"));
  EXPECT_THAT(BrokerError("host: {file: nowhere}"),
              HasSubstr("cannot be read"));
  EXPECT_THAT(BrokerError("[]"), HasSubstr("a Broker must be a map of: host"));
}

TEST_F(MessageFieldsTest, SecretsAreNotInTheFile) {
  const std::string error =
      BrokerError("username_password: {username: u, password: hunter2}");
  EXPECT_THAT(error, HasSubstr("password: is a secret"));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  EXPECT_THAT(BrokerError("client_certificate: {private_key_pem: x}"),
              HasSubstr("private_key_pem: is a secret"));
}

TEST(FieldDocsTest, AreThoseOfTheApi) {
  const auto& broker = *v1::Broker::descriptor();
  EXPECT_TRUE(IsOutputOnly(*broker.FindFieldByName("link")));
  EXPECT_TRUE(IsOutputOnly(*broker.FindFieldByName("name")));
  EXPECT_FALSE(IsOutputOnly(*broker.FindFieldByName("host")));
  EXPECT_FALSE(IsSecret(*broker.FindFieldByName("username_password")));
  const std::string help = FieldHelp(broker);
  EXPECT_THAT(help, HasSubstr("  tls.server_name  (string)\n"));
  EXPECT_THAT(help, HasSubstr("  username_password.password  (secret)\n"));
  EXPECT_THAT(help, HasSubstr("TCP port, 1 to 65535."));
  EXPECT_THAT(help, Not(HasSubstr("etag")));
}

TEST_F(MessageFieldsTest, YamlIsReadBack) {
  const auto broker = Proto<v1::Broker>(
      "name: 'tenants/a/brokers/b' host: 'h' port: 1 "
      "tls { enabled: true ca_certificates_pem: 'a\\nb\\n' } "
      "username_password { username: 'null' password_set: true } "
      "keep_alive { seconds: 90 } state: ACTIVE "
      "link { state: CONNECTED since { seconds: 1000 } }");
  const std::string yaml = ToYaml(broker, absl::FromUnixSeconds(1005));
  EXPECT_EQ(yaml,
            "host: h\n"
            "port: 1\n"
            "tls:\n"
            "  enabled: true\n"
            "  ca_certificates_pem: |\n"
            "    a\n"
            "    b\n"
            "username_password:\n"
            "  username: \"null\"\n"
            "  # password_set: true\n"
            "keep_alive: 90s\n"
            "# state: ACTIVE\n"
            "# link:\n"
            "#   state: CONNECTED\n"
            "#   since: 1970-01-01T00:16:40Z  # 5 s ago\n");
  const auto again = Read<v1::Broker>(yaml);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(DiffMessages(broker, *again), ElementsAre());
}

TEST(DiffMessagesTest, NamesFieldsAndValues) {
  const auto before = Proto<v1::Broker>(
      "host: 'a' tls { enabled: true } keep_alive { seconds: 60 } "
      "username_password { username: 'u' } revision: 1 etag: 'x'");
  const auto after = Proto<v1::Broker>(
      "host: 'b' keep_alive { seconds: 90 } "
      "username_password { username: 'u' password: 'p' } revision: 2");
  EXPECT_THAT(DiffMessages(before, after),
              ElementsAre(FieldChange{"host", "a", "b"},
                          FieldChange{"tls.enabled", "true", "(default)"},
                          FieldChange{"keep_alive", "60s", "90s"}));
  EXPECT_THAT(SecretsIn(after), ElementsAre("username_password.password"));
  v1::Broker copy;
  CopyField(after, "username_password.password", &copy);
  EXPECT_EQ(copy.username_password().password(), "p");
}

}  // namespace
}  // namespace mqttpush::cli
