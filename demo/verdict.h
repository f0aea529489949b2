// Judge: compares what a tenant's customer received, and what the history says,
// with what was sent.
#ifndef MQTTPUSH_DEMO_VERDICT_H_
#define MQTTPUSH_DEMO_VERDICT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "demo/fleet.h"
#include "demo/plan.h"
#include "tests/support/history_reader.h"

namespace mqttpush::demo {

struct Verdict {
  size_t accepted = 0;
  size_t delivered = 0;    // by the history
  size_t bytes_equal = 0;  // received with topic and bytes as expected
  size_t attempts = 0;     // by the history
  // From the event's acceptance to the end of its last attempt: for QoS 0
  // written to the socket, otherwise acknowledged.
  absl::Duration p50;
  absl::Duration p99;
  // What is not as it must be, in words; empty when all is well.
  std::vector<std::string> differences;
};

// `accepted` are the events of the tenant that ingest accepted, in order;
// `received` the customer's messages, in order of arrival. Every event must
// have arrived exactly once, and per topic in order.
Verdict Judge(const TenantPlan& plan, const std::vector<FleetEvent>& accepted,
              const std::vector<Message>& received,
              const TenantHistory& history);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_VERDICT_H_
