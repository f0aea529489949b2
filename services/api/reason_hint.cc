#include "services/api/reason_hint.h"

namespace mqttpush {

absl::string_view ReasonHint(int reason_code) {
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

}  // namespace mqttpush
