// PahoSeams: what this program puts between libpaho and the system.
//
// The program defines writev, connect, close, getaddrinfo, getsockopt,
// SSL_write, SSL_connect and SSL_get_error; the dynamic linker prefers them to
// the C library's and OpenSSL's for libpaho's calls. They guard writes
// (write_guard.h), set TCP_NODELAY and close-on-exec, resolve one name to
// another host, and remember why a connection failed, which Paho does not tell.
//
// Only sockets that were connected by TCP are looked at: in this process these
// are Paho's. gRPC has one Unix socket, and its calls pass through after one
// load.
#ifndef MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_
#define MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_

#include <cstdint>
#include <string>

#include "workers/worker/connect_diagnostics.h"

namespace mqttpush {

// Process-wide, because the functions are. Thread-safe.
class PahoSeams {
 public:
  // Forgets what was seen of the connection before. From now on the resolver is
  // asked for `host` when libpaho asks for `name`, unless `name` is empty.
  static void BeginConnection(const std::string& name, const std::string& host);

  // What was seen since.
  static ConnectDiagnostics Diagnostics();

  struct Counters {
    int64_t killed_connections = 0;
    int64_t swallowed_repeats = 0;
  };
  static Counters counters();
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PAHO_SEAMS_H_
