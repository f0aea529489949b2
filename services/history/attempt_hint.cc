#include "services/history/attempt_hint.h"

#include "services/api/reason_hint.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kBrokerLog =
    "Ask the customer what the broker's log says about it.";
constexpr absl::string_view kNotRepeated =
    "QoS 0 is never sent again: use QoS 1 where a loss matters.";

absl::string_view HintForClass(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kNone:
      return "";
    case ErrorClass::kLinkLost:
      return "It is sent again by itself when the link is back. If it repeats, "
             "see `link.last_error` of the broker resource.";
    case ErrorClass::kServiceLost:
      return "It was sent again by itself when the service was back. It may "
             "arrive twice at QoS 1.";
    case ErrorClass::kRejected:
      return kBrokerLog;
    case ErrorClass::kAckTimeout:
      return "The broker took the message and did not answer: ask the customer "
             "whether it is overloaded or stuck.";
    case ErrorClass::kWorkerLost:
      return "It is sent again by itself and may arrive twice at QoS 1. If it "
             "repeats, our own log says why the worker ended.";
    case ErrorClass::kTopicInvalid:
      return "The event's values make no valid topic: change the topic "
             "template "
             "of the subscription.";
    case ErrorClass::kClientError:
      return "This is a fault of ours: report it with the error message.";
    case ErrorClass::kLinkCut:
      return "The broker ends the connection whenever it gets this message, "
             "perhaps for its topic, size, QoS or retain flag. Ask the "
             "customer "
             "what the broker's log says; over MQTT 5 it could tell us.";
  }
  return "";
}

bool MayBeLost(const AttemptRecord& attempt) {
  switch (attempt.error_class) {
    case ErrorClass::kLinkLost:
    case ErrorClass::kWorkerLost:
    case ErrorClass::kServiceLost:
      return attempt.qos == Qos::kAtMostOnce;
    default:
      return false;
  }
}

}  // namespace

absl::string_view AttemptHint(const AttemptRecord& attempt) {
  const absl::string_view by_code = ReasonHint(attempt.reason_code);
  if (!by_code.empty()) return by_code;
  if (MayBeLost(attempt)) return kNotRepeated;
  return HintForClass(attempt.error_class);
}

}  // namespace mqttpush
