// Conversions between records and the messages of the worker link.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_LINK_MESSAGES_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_LINK_MESSAGES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/broker_offer.h"
#include "common/delivery_status.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "storage/records.h"

namespace mqttpush {

// What the deployment sets for all links.
struct LinkOptions {
  absl::Duration ack_timeout = absl::Seconds(30);
  absl::Duration connect_backoff_base = absl::Seconds(1);
  absl::Duration connect_backoff_max = absl::Seconds(120);
};

// Holds the broker's secrets: send it to that broker's worker only, never log
// it. The link keeps its session in the file `session_path`, and the broker
// keeps its half for an hour at least; empty: clean sessions.
worker::v1::ControlMessage MakeConfigure(
    const BrokerRecord& broker, const LinkOptions& options,
    const std::vector<std::string>& allowed_networks,
    const std::string& session_path);

// Of a broker that could not tell (MQTT 3.1.1) only what was found out.
BrokerOffer ToOffer(const worker::v1::BrokerLimits& limits);

LinkStatus ToLinkStatus(const worker::v1::LinkStatus& status);

// As in resources.proto: "BACKING_OFF".
absl::string_view LinkStateName(LinkState state);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_LINK_MESSAGES_H_
