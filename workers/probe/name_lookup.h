// LookUp: from a host to its addresses.
#ifndef MQTTPUSH_WORKERS_PROBE_NAME_LOOKUP_H_
#define MQTTPUSH_WORKERS_PROBE_NAME_LOOKUP_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/broker_probe.h"

namespace mqttpush {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  int family() const { return storage.ss_family; }
  // "192.0.2.7"
  std::string HostText() const;
  // "192.0.2.7:8883", "[2001:db8::7]:8883"
  std::string Text() const;
};

struct LookUpResult {
  ProbeCause cause = ProbeCause::kNone;
  std::string error;  // the resolver's words; empty when it found the host
  // The one that a link uses comes first: Paho takes the first IPv4 address
  // and, where there is none, the last of the others.
  std::vector<Address> addresses;
};

// All addresses of `host`, as getaddrinfo(3) finds them, until `deadline` of
// SteadyNow(). When that passes a thread stays behind.
LookUpResult LookUp(const std::string& host, int port, absl::Duration deadline);

// Pure.
std::vector<Address> LinkAddressFirst(std::vector<Address> addresses);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_NAME_LOOKUP_H_
