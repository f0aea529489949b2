#include "services/history/attempt_hint.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kBrokerLog =
    "Ask the customer what the broker's log says about it.";
constexpr absl::string_view kNotRepeated =
    "QoS 0 is never sent again: use QoS 1 where a loss matters.";

// MQTT 5, section 2.4. Empty for codes that need no hint of their own.
absl::string_view HintForCode(int reason_code) {
  switch (reason_code) {
    case 0x10:
      return "The broker has it, but nobody is subscribed to this topic: check "
             "the topic with the customer.";
    case 0x87:
      return "Ask the customer to allow our user to publish to this topic.";
    case 0x8A:
      return "The broker has banned our client: ask the customer to lift it.";
    case 0x8E:
      return "Another client took over our session: give each its own "
             "`client_id`.";
    case 0x90:
      return "The broker does not take this topic: change the topic template "
             "of "
             "the subscription.";
    case 0x93:
      return "Too many messages were unacknowledged for the broker: lower "
             "`max_in_flight` of the broker resource.";
    case 0x95:
      return "It is larger than the broker takes: ask the customer to raise "
             "the broker's packet size limit.";
    case 0x96:
      return "Messages come faster than the broker takes them: ask the "
             "customer "
             "to raise the broker's rate limit.";
    case 0x97:
      return "A quota at the broker is used up: ask the customer to raise or "
             "free it.";
    case 0x98:
      return "Somebody administers the broker just now: ask the customer.";
    case 0x99:
      return "The broker checks payloads and does not take this one: ask the "
             "customer what it expects.";
    case 0x9A:
      return "The broker keeps no retained messages: switch `retain` of the "
             "subscription off, or ask the customer to allow them.";
    case 0x9B:
      return "The broker does not take this QoS: lower the `qos` of the "
             "subscription or of its override.";
    default:
      return "";
  }
}

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
  const absl::string_view by_code = HintForCode(attempt.reason_code);
  if (!by_code.empty()) return by_code;
  if (MayBeLost(attempt)) return kNotRepeated;
  return HintForClass(attempt.error_class);
}

}  // namespace mqttpush
