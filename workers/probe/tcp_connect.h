// ConnectTcp: to the first of several addresses that answers.
#ifndef MQTTPUSH_WORKERS_PROBE_TCP_CONNECT_H_
#define MQTTPUSH_WORKERS_PROBE_TCP_CONNECT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/broker_probe.h"
#include "workers/egress/egress_policy.h"
#include "workers/probe/byte_stream.h"
#include "workers/probe/name_lookup.h"

namespace mqttpush {

struct TcpResult {
  std::unique_ptr<ByteStream> stream;  // null: none answered
  std::vector<std::string> tried;      // their texts, the last one connected to
  // How those before failed, each as "192.0.2.7:1883: Connection refused".
  std::vector<std::string> failures;
  // Of the first that failed.
  ProbeCause cause = ProbeCause::kNone;
};

// One after the other, until `deadline` of SteadyNow(). Each gets its share of
// what is left, and a share is left for what comes after.
// Those that `policy` refuses fail without being called.
TcpResult ConnectTcp(const std::vector<Address>& addresses,
                     const EgressPolicy& policy, absl::Duration deadline);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_TCP_CONNECT_H_
