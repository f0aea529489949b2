// EgressPolicy: to which addresses workers and probes may connect.
#ifndef MQTTPUSH_WORKERS_EGRESS_EGRESS_POLICY_H_
#define MQTTPUSH_WORKERS_EGRESS_EGRESS_POLICY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "workers/egress/ip_network.h"

namespace mqttpush {

// A tenant's broker is a name that somebody else chose, and its DNS says what
// it likes: without this it could be a door into the network that the service
// stands in. A value; pure.
class EgressPolicy {
 public:
  // Public addresses only.
  EgressPolicy() = default;
  // These too, as IpNetwork parses them; what it does not is left out.
  explicit EgressPolicy(const std::vector<std::string>& allowed);

  // PERMISSION_DENIED, beginning with "SSRF_BLOCKED", names the range that the
  // address is in, and the flag that would allow it. Of an address that carries
  // an IPv4 one through a gateway (6to4, NAT64) both must be allowed. Those of
  // cloud metadata must be allowed by themselves; no wider network will do.
  absl::Status Judge(const IpAddress& address) const;

 private:
  absl::Status JudgeAlone(const IpAddress& address) const;

  std::vector<IpNetwork> allowed_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_EGRESS_EGRESS_POLICY_H_
