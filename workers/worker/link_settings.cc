#include "workers/worker/link_settings.h"

#include <cstdint>

#include "google/protobuf/util/message_differencer.h"

namespace mqttpush {

wire::LinkStatus::State ToProto(WorkerLinkState state) {
  switch (state) {
    case WorkerLinkState::kIdle:
      break;
    case WorkerLinkState::kConnecting:
      return wire::LinkStatus::CONNECTING;
    case WorkerLinkState::kConnected:
      return wire::LinkStatus::CONNECTED;
    case WorkerLinkState::kBackingOff:
      return wire::LinkStatus::BACKING_OFF;
    case WorkerLinkState::kRefused:
      return wire::LinkStatus::REFUSED;
    case WorkerLinkState::kStalled:
      return wire::LinkStatus::STALLED;
  }
  return wire::LinkStatus::STATE_UNSPECIFIED;
}

wire::BrokerLimits ToProto(const BrokerLimits& limits) {
  wire::BrokerLimits proto;
  proto.set_maximum_qos(limits.maximum_qos);
  proto.set_retain_available(limits.retain_available);
  if (limits.maximum_packet_size != INT64_MAX) {
    proto.set_maximum_packet_size(limits.maximum_packet_size);
  }
  proto.set_receive_maximum(limits.receive_maximum);
  proto.set_server_keep_alive(limits.server_keep_alive);
  proto.set_assigned_client_id(limits.assigned_client_id);
  return proto;
}

bool SameConnection(wire::Configure a, wire::Configure b) {
  for (wire::Configure* settings : {&a, &b}) {
    settings->clear_max_in_flight();
    settings->clear_ack_timeout();
    settings->clear_connect_backoff_base();
    settings->clear_connect_backoff_max();
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

}  // namespace mqttpush
