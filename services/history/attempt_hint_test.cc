#include "services/history/attempt_hint.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

struct Case {
  ErrorClass error_class;
  int reason_code;
  Qos qos;
  const char* hint;  // a part of it; "": none
};

TEST(AttemptHintTest, SaysWhatAPersonCanDo) {
  constexpr Qos kQos0 = Qos::kAtMostOnce;
  constexpr Qos kQos1 = Qos::kAtLeastOnce;
  const Case kCases[] = {
      {ErrorClass::kNone, 0, kQos1, ""},
      {ErrorClass::kNone, 0, kQos0, ""},
      {ErrorClass::kNone, 0x10, kQos1, "nobody is subscribed"},
      {ErrorClass::kRejected, 0x80, kQos1, "the broker's log"},
      {ErrorClass::kRejected, 0x83, kQos1, "the broker's log"},
      {ErrorClass::kRejected, 0x87, kQos1, "allow our user to publish"},
      {ErrorClass::kRejected, 0x8A, kQos1, "banned"},
      {ErrorClass::kRejected, 0x90, kQos1, "change the topic template"},
      {ErrorClass::kRejected, 0x93, kQos1, "lower `max_in_flight`"},
      {ErrorClass::kRejected, 0x95, kQos1, "packet size limit"},
      {ErrorClass::kRejected, 0x96, kQos1, "rate limit"},
      {ErrorClass::kRejected, 0x97, kQos1, "quota"},
      {ErrorClass::kRejected, 0x98, kQos1, "administers"},
      {ErrorClass::kRejected, 0x99, kQos1, "what it expects"},
      {ErrorClass::kRejected, 0x9A, kQos1, "switch `retain`"},
      {ErrorClass::kRejected, 0x9B, kQos1, "lower the `qos`"},
      {ErrorClass::kRejected, 0xFE, kQos1, "the broker's log"},
      {ErrorClass::kLinkLost, 0, kQos1, "sent again by itself"},
      {ErrorClass::kLinkLost, 0, kQos0, "use QoS 1"},
      {ErrorClass::kLinkLost, 0x8E, kQos1, "its own `client_id`"},
      {ErrorClass::kAckTimeout, 0, kQos1, "did not answer"},
      {ErrorClass::kWorkerLost, 0, kQos1, "sent again by itself"},
      {ErrorClass::kWorkerLost, 0, kQos0, "use QoS 1"},
      {ErrorClass::kServiceLost, 0, kQos1, "sent again by itself"},
      {ErrorClass::kServiceLost, 0, kQos0, "use QoS 1"},
      {ErrorClass::kTopicInvalid, 0, kQos1, "change the topic template"},
      {ErrorClass::kClientError, 0, kQos1, "a fault of ours"},
      {ErrorClass::kLinkCut, 0, kQos1, "ends the connection whenever"},
  };
  for (const Case& c : kCases) {
    AttemptRecord attempt;
    attempt.error_class = c.error_class;
    attempt.reason_code = c.reason_code;
    attempt.qos = c.qos;
    const std::string hint(AttemptHint(attempt));
    SCOPED_TRACE(static_cast<int>(c.error_class) * 1000 + c.reason_code);
    if (*c.hint == '\0') {
      EXPECT_EQ(hint, "");
    } else {
      EXPECT_THAT(hint, HasSubstr(c.hint));
    }
  }
}

}  // namespace
}  // namespace mqttpush
