#include "services/flowcore/result_converter.h"

#include "common/ticks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

absl::Time At(const char* time) {
  absl::Time parsed;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, &error));
  return parsed;
}

class ResultConverterTest : public ::testing::Test {
 protected:
  ResultConverterTest() {
    BrokerRecord broker;
    broker.uid = 3;
    broker.tenant_uid = 1;
    broker.id = "main";
    broker.host = "broker.acme.example";
    broker.port = 8883;
    broker.tls_enabled = true;
    broker.password = "s3cret";
    config_.Put(broker);
    SubscriptionRecord subscription;
    subscription.uid = 2;
    subscription.tenant_uid = 1;
    subscription.broker_uid = 3;
    subscription.id = "events";
    config_.Put(subscription);
    row_.attempt_seq = 12;
    row_.subscription_id = "events";
    row_.event_id = "b727c001-e64a-11f1-957c-29d9342adb6e";
    row_.asset_id = "asset-1";
    row_.object_type = ObjectType::kLocation;
    row_.object_id = "9223372036854775808";
    row_.owner_id = "owner-1";
    row_.payload_bytes = 231;
    AttemptRecord& attempt = row_.attempt;
    attempt.event_seq = 7;
    attempt.subscription_uid = 2;
    attempt.number = 2;
    attempt.start_time = At("2026-11-22T09:18:02.4319Z");
    attempt.duration = absl::Microseconds(41900);
    attempt.topic = "globe-tracker/events/location";
    attempt.qos = Qos::kAtLeastOnce;
    attempt.succeeded = true;
    attempt.packet_id = 812;
    attempt.recording = {.ticks = ToTicks(At("2026-11-22T09:18:02.48Z")) + 3,
                         .ended_delivery = true};
  }
  // As it is written.
  std::string Payload() {
    const FlowTypes flow_types = FlowTypes::Parse(FlowTypes::kDefault).value();
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    WriteResultPayload(ToResult(row_, {stream_, flow_types, config_}), writer);
    return std::string(text.GetString(), text.GetSize());
  }

  const ResultStream stream_ = ResultStreamOf("acme");
  ConfigSnapshot config_;
  AttemptRow row_;
};

TEST_F(ResultConverterTest, TellsOfASuccess) {
  EXPECT_EQ(
      Payload(),
      R"({"attemptId":"tenants/acme/deliveries/7-2/attempts/2",)"
      R"("timestamp":"2026-11-22T09:18:02.431Z",)"
      R"("eventId":"b727c001-e64a-11f1-957c-29d9342adb6e",)"
      R"("flowType":"location.0","eventType":"created.0",)"
      R"("objectType":"Location","objectId":9223372036854775808,)"
      R"("assetId":"asset-1","ownerId":"owner-1","destination":"main",)"
      R"("endpointUrl":"mqtts://broker.acme.example:8883",)"
      R"("topic":"globe-tracker/events/location","qos":1,"retain":false,)"
      R"("packetId":812,"attempt":2,"maxAttempts":null,"status":"success",)"
      R"("success":true,"final":true,"reasonCode":0,"errorMessage":null,)"
      R"("durationMs":41,"payloadBytes":231,"nextRetryAt":null})");
}

TEST_F(ResultConverterTest, TellsOfAFailureThatIsTriedAgain) {
  AttemptRecord& attempt = row_.attempt;
  attempt.succeeded = false;
  attempt.error_message = "connection lost \xFF";
  attempt.recording.ended_delivery = false;
  attempt.recording.next_attempt_time = At("2026-11-22T09:18:04Z");
  const std::string payload = Payload();
  EXPECT_THAT(payload,
              ::testing::HasSubstr(
                  R"("status":"failure","success":false,"final":false,)"
                  R"("reasonCode":null,"errorMessage":"connection lost ?",)"
                  R"("durationMs":41,"payloadBytes":231,)"
                  R"("nextRetryAt":"2026-11-22T09:18:04.000Z"})"));
  attempt.reason_code = 0x97;
  EXPECT_THAT(Payload(), ::testing::HasSubstr(R"("reasonCode":151,)"));
}

TEST_F(ResultConverterTest, IsNullWhereNothingIsKnown) {
  config_ = ConfigSnapshot();
  const AttemptRecord attempt = row_.attempt;
  row_ = AttemptRow();
  row_.attempt = attempt;
  row_.attempt.packet_id = 0;
  row_.subscription_id = "events";
  EXPECT_THAT(Payload(),
              ::testing::HasSubstr(R"("eventId":null,"flowType":null,)"
                                   R"("eventType":null,"objectType":null,)"
                                   R"("objectId":null,"assetId":null,)"
                                   R"("ownerId":null,"destination":null,)"
                                   R"("endpointUrl":null,)"));
  EXPECT_THAT(Payload(),
              ::testing::HasSubstr(R"("retain":null,"packetId":null,)"));
  EXPECT_THAT(Payload(), ::testing::HasSubstr(R"("payloadBytes":null,)"));
}

TEST_F(ResultConverterTest, WritesIdsAsTheObjectHasThem) {
  row_.object_type = ObjectType::kAsset;
  row_.object_id = "123";
  EXPECT_THAT(Payload(), ::testing::HasSubstr(
                             R"("flowType":"asset.0","eventType":"created.0",)"
                             R"("objectType":"Asset","objectId":"123",)"));
}

TEST_F(ResultConverterTest, HoldsNoSecret) {
  EXPECT_THAT(Payload(), ::testing::Not(::testing::HasSubstr("s3cret")));
}

}  // namespace
}  // namespace mqttpush
