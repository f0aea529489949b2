// What the seams saw of a connection, for the text of its failure.
#ifndef MQTTPUSH_WORKERS_WORKER_CONNECT_DIAGNOSTICS_H_
#define MQTTPUSH_WORKERS_WORKER_CONNECT_DIAGNOSTICS_H_

#include <string>

namespace mqttpush {

// Who ended a connection.
enum class EndedBy {
  kUnknown,  // nobody was seen to: the MQTT library gave it up by itself
  kBroker,   // closed or reset by the peer
  kUs,       // the seams, for what the broker sent
  kNetwork,  // an error of another kind
};

struct ConnectDiagnostics {
  // The resolver's words; empty when it found the host.
  std::string dns_error;
  // Why the address may not be connected to; empty when it may.
  std::string egress_error;
  // "192.0.2.7:8883"; empty before the socket was connected.
  std::string peer_address;
  // The last errno of the socket; 0 for none.
  int socket_error = 0;
  // OpenSSL's words; empty when TLS met no error.
  std::string tls_error;
  // Why the broker's certificate was not accepted; empty when it was.
  std::string certificate_error;
  // TLS is up: certificates were exchanged.
  bool handshake_done = false;
  // The broker sent what MQTT does not allow.
  bool malformed_packet = false;
  // The broker acknowledged out of order, which would change the order of
  // messages.
  bool out_of_order = false;
  // The MQTT CONNECT packet was written.
  bool connect_written = false;
  // The broker sent something over MQTT.
  bool heard = false;
  // The first that was seen to end the connection.
  EndedBy ended_by = EndedBy::kUnknown;

  void RecordEnd(EndedBy by) {
    if (ended_by == EndedBy::kUnknown) ended_by = by;
  }
};

// Who ended a connection whose socket has the error `error`, 0 for "closed".
EndedBy WhoEnded(int error);

// What became of CONNECT.
enum class ConnectAnswer {
  kNotAsked,  // it was never written
  kNone,      // not a byte came: whether the broker saw it is not known
  kLost,      // one came, but malformed or cut off
  kRead,      // a CONNACK that refuses
};

// Why a connection could not be made.
struct ConnectFailure {
  // Only a person can mend it.
  bool refused = false;
  // In the words of its layer; never a secret.
  std::string message;
  ConnectAnswer answer = ConnectAnswer::kNotAsked;
};

// Puts a failure into words. `connack_code` is the code of a refusing CONNACK,
// otherwise 0 or less; `library_message` is Paho's own text; `verify_host` is
// the name that the certificate must carry, empty without verification.
ConnectFailure DescribeConnectFailure(const ConnectDiagnostics& diagnostics,
                                      int connack_code,
                                      const std::string& library_message,
                                      const std::string& verify_host);

// The words for a connection that was up and ended.
std::string DescribeLoss(const ConnectDiagnostics& diagnostics);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_CONNECT_DIAGNOSTICS_H_
