#include "cli/result_event.h"

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

using ::google::protobuf::TextFormat;
using ::testing::HasSubstr;

class ResultEventTest : public ::testing::Test {
 protected:
  ResultEventTest() {
    EXPECT_TRUE(TextFormat::ParseFromString(
        "name: 'tenants/acme/deliveries/7-1/attempts/2' "
        "start_time { seconds: 1795339082 nanos: 431000000 } "
        "duration { nanos: 41900000 } "
        "topic: 'globe-tracker/events/location' qos: AT_LEAST_ONCE "
        "outcome: SUCCEEDED packet_id: 812 "
        "event_id: 'b727c001-e64a-11f1-957c-29d9342adb6e' "
        "object_type: LOCATION object_id: '9007199254740993' "
        "asset_id: 'asset-1' owner_id: 'owner-1' payload_bytes: 43 "
        "ended_delivery: true "
        "record_time { seconds: 1795341602 nanos: 431000100 } "
        "subscription: 'tenants/acme/subscriptions/events'",
        &attempt_));
    context_.subscription.set_name("tenants/acme/subscriptions/events");
    context_.subscription.set_broker("tenants/acme/brokers/acme-prod");
    context_.broker.set_name("tenants/acme/brokers/acme-prod");
    context_.broker.set_host("broker.acme.example");
    context_.broker.set_port(8883);
    context_.broker.mutable_tls()->set_enabled(true);
  }

  v1::Attempt attempt_;
  ResultContext context_;
};

TEST_F(ResultEventTest, SuccessHasEveryFieldInOrder) {
  EXPECT_EQ(
      ResultJson(attempt_, context_),
      R"({"attemptId":"tenants/acme/deliveries/7-1/attempts/2",)"
      R"("timestamp":"2026-11-22T09:18:02.431Z",)"
      R"("eventId":"b727c001-e64a-11f1-957c-29d9342adb6e",)"
      R"("flowType":"location.0","eventType":"created.0",)"
      R"("objectType":"Location","objectId":9007199254740993,)"
      R"("assetId":"asset-1","ownerId":"owner-1","destination":"acme-prod",)"
      R"("endpointUrl":"mqtts://broker.acme.example:8883",)"
      R"("topic":"globe-tracker/events/location","qos":1,"retain":false,)"
      R"("packetId":812,"attempt":2,"maxAttempts":null,"status":"success",)"
      R"("success":true,"final":true,"reasonCode":0,"errorMessage":null,)"
      R"("durationMs":41,"payloadBytes":43,"nextRetryAt":null})");
}

TEST_F(ResultEventTest, FailureSaysWhenItIsTriedAgain) {
  attempt_.set_outcome(v1::Attempt::FAILED);
  attempt_.set_error_message("PUBACK 0x97 quota exceeded");
  attempt_.set_reason_code(0x97);
  attempt_.set_ended_delivery(false);
  attempt_.mutable_next_attempt_time()->set_seconds(1795339112);
  EXPECT_THAT(ResultJson(attempt_, context_),
              HasSubstr(R"("status":"failure","success":false,"final":false,)"
                        R"("reasonCode":151,)"
                        R"("errorMessage":"PUBACK 0x97 quota exceeded",)"
                        R"("durationMs":41,"payloadBytes":43,)"
                        R"("nextRetryAt":"2026-11-22T09:18:32.000Z"})"));
}

TEST_F(ResultEventTest, WhatIsNotKeptIsNull) {
  attempt_.clear_event_id();
  attempt_.clear_object_id();
  attempt_.clear_asset_id();
  attempt_.clear_owner_id();
  attempt_.clear_payload_bytes();
  const std::string json = ResultJson(attempt_, {});
  EXPECT_THAT(json, HasSubstr(R"("eventId":null,"flowType":null,)"
                              R"("eventType":null,"objectType":null,)"
                              R"("objectId":null,"assetId":null,)"
                              R"("ownerId":null,"destination":null,)"
                              R"("endpointUrl":null)"));
  EXPECT_THAT(json, HasSubstr(R"("retain":null)"));
  EXPECT_THAT(json, HasSubstr(R"("payloadBytes":null)"));
}

TEST_F(ResultEventTest, EnvelopeIsFlowcores) {
  const std::string json = ResultEnvelope(attempt_, context_);
  EXPECT_THAT(json, HasSubstr(R"("eventId":"7c2380f1-e65b-11f1-8000-)"
                              R"(6d7170757368","timeBucket":)"));
  EXPECT_THAT(json, HasSubstr(R"("timeBucket":"20261122100000",)"
                              R"("tenant":"acme")"));
  EXPECT_THAT(json, HasSubstr(R"("flowType":"mqtt-push-results.0",)"
                              R"("eventType":"created.0")"));
  EXPECT_THAT(json, HasSubstr(R"("payload":{"attemptId":)"));
  EXPECT_THAT(json, HasSubstr(R"(},"validTime":"2026-11-22T09:18:02.431Z"})"));
}

}  // namespace
}  // namespace mqttpush::cli
