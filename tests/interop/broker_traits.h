// BrokerTraits: what each broker supports and does, as seen. The tests hold the
// brokers to it, so that a change is noticed; docs/brokers.md tells it.
#ifndef MQTTPUSH_TESTS_INTEROP_BROKER_TRAITS_H_
#define MQTTPUSH_TESTS_INTEROP_BROKER_TRAITS_H_

#include <string>
#include <vector>

namespace mqttpush {

// How a broker refuses a PUBLISH of QoS 1 or 2.
enum class Refusal {
  kNone,        // it does not
  kReasonCode,  // an acknowledgement with a reason code of 0x80 or above
  kReasonCodeAndDisconnect,  // so, and then ends the connection
  kClose,                    // closes the connection
  kSilentDrop,               // acknowledges, and hands it to nobody
  kSilentDropAndClose,       // so, and then closes the connection
  kAsQos1,                   // answers a PUBLISH of QoS 2 with PUBACK
};

// What an MQTT 5 CONNACK says; -1: nothing.
struct ConnackLimits {
  int receive_maximum = -1;
  int maximum_qos = -1;
  int retain_available = -1;
  int maximum_packet_size = -1;
};

struct BrokerTraits {
  std::string name;  // of its folder in brokers/
  bool mqtt_5 = true;
  int maximum_qos = 2;
  // Persistent sessions of a client without subscriptions, as ours is: kept
  // over a reconnect, and over a restart of the broker.
  bool keeps_sessions = true;
  bool keeps_sessions_over_restart = true;
  // Keeps the state of a message of QoS 2 over a reconnect, and says so
  // (session present).
  bool remembers_qos_2 = true;
  bool says_qos_2_session = true;
  bool remembers_qos_2_over_restart = true;
  // Says session present 0 only when it holds no packet ids any more.
  bool forgets_ids = true;
  // Loses messages of QoS 2 at the cut of a connection.
  bool loses_qos_2_at_cuts = false;
  // Acknowledges a repeated message of QoS 2 (MQTT 3.1.1) for which it closed
  // the connection before, and drops it.
  bool takes_refused_qos_2 = false;
  // Answers PUBREL after a restart between it and PUBREC.
  bool resumes_qos_2_after_restart = true;
  // A subscriber's session and the messages that wait for it survive a restart.
  bool keeps_messages_over_restart = true;
  // The QoS that customers subscribe with.
  int customer_qos = 2;
  // A topic that is not allowed, by version.
  Refusal forbidden_3 = Refusal::kClose;
  Refusal forbidden_5 = Refusal::kReasonCode;
  // QoS 2 where it is not supported.
  Refusal qos_2 = Refusal::kNone;
  // Link.last_error for MQTT 5 where there is none.
  std::string no_mqtt_5;
  // Link.last_error for a wrong password, by version.
  std::string bad_password_3;
  std::string bad_password_5;
  ConnackLimits connack = {};
  // SWITCH: QoS 2 arrives exactly once across a cut of the connection.
  bool exactly_once_across_cuts = true;
};

// All of them.
const std::vector<BrokerTraits>& Brokers();

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_INTEROP_BROKER_TRAITS_H_
