#include "tests/interop/broker_traits.h"

namespace mqttpush {

// Found by running, not read anywhere. Versions: brokers/*/fetch and the files
// beside it.
const std::vector<BrokerTraits>& Brokers() {
  static const auto* const brokers = new std::vector<BrokerTraits>{
      // The one that the product is built against.
      {.name = "mosquitto",
       .takes_refused_qos_2 = true,
       .forbidden_3 = Refusal::kSilentDropAndClose,
       .forbidden_5 = Refusal::kReasonCodeAndDisconnect,
       .bad_password_3 = "CONNACK 5: not authorized",
       .bad_password_5 = "CONNACK 0x87 not authorized",
       .connack = {.receive_maximum = 20}},
      {.name = "rabbitmq",
       .mqtt_5 = false,
       .maximum_qos = 1,
       .keeps_sessions = false,
       .keeps_sessions_over_restart = false,
       .customer_qos = 1,
       .qos_2 = Refusal::kAsQos1,
       .no_mqtt_5 = "connection closed before CONNACK",
       .bad_password_3 = "CONNACK 4: bad user name or password"},
      {.name = "nats",
       .mqtt_5 = false,
       .maximum_qos = 1,
       .customer_qos = 1,
       .forbidden_3 = Refusal::kSilentDrop,
       .qos_2 = Refusal::kClose,
       .no_mqtt_5 = "CONNACK 1: unacceptable protocol version",
       .bad_password_3 = "CONNACK 5: not authorized"},
      // Its state is in memory. Messages of QoS 2 it loses on the way to
      // customers with a persistent session and QoS 1 or 2, whoever sends them.
      {.name = "aedes",
       .mqtt_5 = false,
       .keeps_sessions = false,
       .keeps_sessions_over_restart = false,
       .says_qos_2_session = false,
       .remembers_qos_2_over_restart = false,
       .forgets_ids = false,
       .loses_qos_2_at_cuts = true,
       .keeps_messages_over_restart = false,
       .customer_qos = 0,
       .no_mqtt_5 = "CONNACK 1: unacceptable protocol version",
       .bad_password_3 = "CONNACK 4: bad user name or password",
       .exactly_once_across_cuts = false},
      // When it cannot send a PUBREC because the connection is gone, it
      // remembers the packet id but hands the message to nobody; repeated, it
      // is taken for a duplicate. After a restart it ends every connection of a
      // session that it had messages for: its customer needs a new session.
      {.name = "mochi",
       .loses_qos_2_at_cuts = true,
       .keeps_messages_over_restart = false,
       .bad_password_3 = "CONNACK 5: not authorized",
       .bad_password_5 = "CONNACK 0x86 bad user name or password",
       .connack = {.receive_maximum = 1024},
       // Its PUBRECs come out of order when a session goes on; the link then
       // begins the session afresh.
       .exactly_once_across_cuts = false},
      // After a restart it says that it has kept the session, and has forgotten
      // which messages of QoS 2 it has.
      {.name = "hivemq",
       .remembers_qos_2_over_restart = false,
       .takes_refused_qos_2 = true,
       .forbidden_5 = Refusal::kReasonCodeAndDisconnect,
       .bad_password_3 = "CONNACK 5: not authorized",
       .bad_password_5 = "CONNACK 0x87 not authorized",
       .connack = {.receive_maximum = 10}},
  };
  return *brokers;
}

}  // namespace mqttpush
