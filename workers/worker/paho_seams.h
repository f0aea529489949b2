// PahoSeams: what this program puts between libpaho and the system.
//
// The program defines writev, recv, connect, close, getaddrinfo, getsockopt,
// SSL_write, SSL_read, SSL_connect and SSL_get_error; the dynamic linker
// prefers them to the C library's and OpenSSL's for libpaho's calls. They guard
// writes (write_guard.h), set TCP_NODELAY and close-on-exec, resolve one name
// to another host, and remember what Paho does not tell: why a connection
// failed, when messages and their answers went over the wire, and which reasons
// the broker gave (wire_log.h).
//
// Only sockets that were connected by TCP are looked at: in this process these
// are Paho's. The link to the control plane is a Unix socket, whose calls pass
// through after one load.
#ifndef MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_
#define MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "workers/egress/egress_policy.h"
#include "workers/worker/connect_diagnostics.h"
#include "workers/worker/wire_log.h"

namespace mqttpush {

// Process-wide, because the functions are. Thread-safe.
class PahoSeams {
 public:
  // Forgets what was seen of the connection before. From now on the resolver is
  // asked for `host` when libpaho asks for `name`, unless `name` is empty.
  static void BeginConnection(const std::string& name, const std::string& host);

  // Where libpaho's sockets may connect from now on; before, to public
  // addresses. Judged is the very address that the kernel gets, so that no name
  // server can change its mind in between. A refused call fails with EACCES.
  static void SetEgressPolicy(EgressPolicy policy);

  // What was seen since.
  static ConnectDiagnostics Diagnostics();
  // Of the message with this packet id.
  static WireEvidence Evidence(int packet_id);
  // The message ended, and what was seen of it is not needed any more.
  static void ForgetEvidence(int packet_id);
  // Writes fail from now on, until the next connection. One that was let pass
  // before has been noted.
  static void StopWriting();
  // How long the broker has sent nothing; 0 before it was connected.
  static absl::Duration Silence();

  struct Counters {
    int64_t killed_connections = 0;
    int64_t swallowed_repeats = 0;
  };
  static Counters counters();
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_
