#include "services/flowcore/delivery_result.h"

#include <rapidjson/document.h>

#include "common/ticks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/flowcore/time_uuid.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

absl::Time At(const char* time) {
  absl::Time parsed;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, &error));
  return parsed;
}

DeliveryResult Result() {
  return {.attempt_name = "tenants/acme/deliveries/7-2/attempts/2",
          .start_time = At("2026-11-22T09:18:02.4319Z"),
          .record_ticks = ToTicks(At("2026-11-22T09:18:02.48Z")) + 3};
}

std::string Payload(const DeliveryResult& result) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  WriteResultPayload(result, writer);
  return text.GetString();
}

TEST(DeliveryResultTest, HasTheEnvelopeOfFlowcore) {
  const ResultStream stream = ResultStreamOf("acme");
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  WriteResultEvent(Result(), stream, writer);
  rapidjson::Document event;
  event.Parse(text.GetString());
  ASSERT_FALSE(event.HasParseError());
  EXPECT_EQ(event.MemberCount(), 9u);
  EXPECT_STREQ(event["eventId"].GetString(),
               TimeUuid(Result().record_ticks).c_str());
  EXPECT_STREQ(event["timeBucket"].GetString(), "20261122090000");
  EXPECT_STREQ(event["tenant"].GetString(), "acme");
  EXPECT_EQ(event["dataCoreId"].GetString(), stream.data_core_id);
  EXPECT_STREQ(event["flowType"].GetString(), "mqtt-push-results.0");
  EXPECT_STREQ(event["eventType"].GetString(), "created.0");
  EXPECT_STREQ(event["validTime"].GetString(), "2026-11-22T09:18:02.431Z");
  EXPECT_STREQ(event["metadata"]["producer"].GetString(), "mqtt-push");
  EXPECT_TRUE(event["payload"].IsObject());
}

TEST(DeliveryResultTest, IsNullWhereNothingIsKnown) {
  EXPECT_EQ(Payload(Result()),
            R"({"attemptId":"tenants/acme/deliveries/7-2/attempts/2",)"
            R"("timestamp":"2026-11-22T09:18:02.431Z",)"
            R"("eventId":null,"flowType":null,"eventType":null,)"
            R"("objectType":null,"objectId":null,"assetId":null,)"
            R"("ownerId":null,"destination":null,"endpointUrl":null,)"
            R"("topic":"","qos":0,"retain":null,"packetId":null,)"
            R"("attempt":0,"maxAttempts":null,"status":"failure",)"
            R"("success":false,"final":false,"reasonCode":null,)"
            R"("errorMessage":null,"durationMs":0,"payloadBytes":null,)"
            R"("nextRetryAt":null})");
}

TEST(DeliveryResultTest, WritesIdsAsTheObjectHasThem) {
  DeliveryResult result = Result();
  result.object_type = "Location";
  result.object_id = "9223372036854775808";
  EXPECT_THAT(Payload(result), HasSubstr(R"("objectId":9223372036854775808,)"));
  result.object_id = "12a";
  EXPECT_THAT(Payload(result), HasSubstr(R"("objectId":"12a",)"));
  result.object_type = "Asset";
  result.object_id = "123";
  EXPECT_THAT(Payload(result), HasSubstr(R"("objectId":"123",)"));
}

TEST(DeliveryResultTest, ReplacesWhatIsNotUtf8) {
  DeliveryResult result = Result();
  result.error_message = "connection lost \xFF";
  EXPECT_THAT(Payload(result),
              HasSubstr(R"("errorMessage":"connection lost ?")"));
}

TEST(BrokerUrlTest, IsTheOneThatClientsTake) {
  EXPECT_EQ(BrokerUrl(true, "broker.acme.example", 8883),
            "mqtts://broker.acme.example:8883");
  EXPECT_EQ(BrokerUrl(false, "::1", 1883), "mqtt://[::1]:1883");
}

// Clients keep them.
TEST(ResultStreamTest, IdsStayTheSame) {
  const ResultStream acme = ResultStreamOf("acme");
  EXPECT_EQ(acme.event_type_id, ResultStreamOf("acme").event_type_id);
  EXPECT_NE(acme.event_type_id, ResultStreamOf("other").event_type_id);
  EXPECT_NE(acme.event_type_id, acme.flow_type_id);
  EXPECT_EQ(acme.tenant_id, "91797534-78dd-5de7-954e-1ada1c2eb586");
  EXPECT_EQ(acme.data_core_id, "793643e3-47d3-5f12-94f9-a1db670b0ce3");
  EXPECT_EQ(acme.event_type_id, "39f05482-77a7-59cd-b43a-c90bca56b4d0");
  EXPECT_EQ(acme.tenant_id[14], '5');
}

}  // namespace
}  // namespace mqttpush
