#include "workers/supervisor/link_messages.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "storage/compatibility.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kHighestQos = 2;

google::protobuf::Duration ToProto(absl::Duration duration) {
  return TimeUtil::MicrosecondsToDuration(absl::ToInt64Microseconds(duration));
}

absl::Time ToTime(bool present, const google::protobuf::Timestamp& time) {
  if (!present) return absl::InfinitePast();
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
}

}  // namespace

worker::v1::ControlMessage MakeConfigure(
    const BrokerRecord& broker, const LinkOptions& options,
    const std::vector<std::string>& allowed_networks,
    const std::string& session_path) {
  worker::v1::ControlMessage message;
  worker::v1::Configure& configure = *message.mutable_configure();
  configure.set_host(broker.host);
  configure.set_port(broker.port);
  configure.set_protocol_level(static_cast<int>(broker.protocol_version));
  if (broker.tls_enabled) {
    worker::v1::Tls& tls = *configure.mutable_tls();
    tls.set_ca_certificates_pem(broker.tls_ca_certificates_pem);
    tls.set_server_name(broker.tls_server_name);
    tls.set_insecure_skip_verify(broker.tls_insecure_skip_verify);
    tls.set_certificate_chain_pem(broker.certificate_chain_pem);
    tls.set_private_key_pem(broker.private_key_pem);
  }
  configure.set_username(broker.username);
  configure.set_password(broker.password);
  configure.set_client_id(broker.client_id);
  configure.set_max_in_flight(broker.max_in_flight);
  *configure.mutable_keep_alive() = ToProto(broker.keep_alive);
  *configure.mutable_ack_timeout() = ToProto(options.ack_timeout);
  *configure.mutable_connect_backoff_base() =
      ToProto(options.connect_backoff_base);
  *configure.mutable_connect_backoff_max() =
      ToProto(options.connect_backoff_max);
  configure.mutable_allowed_networks()->Assign(allowed_networks.begin(),
                                               allowed_networks.end());
  if (!session_path.empty()) {
    worker::v1::PersistentSession& session =
        *configure.mutable_persistent_session();
    session.set_path(session_path);
    *session.mutable_expiry() = ToProto(AskedSessionExpiry(broker));
  }
  return message;
}

BrokerOffer ToOffer(const worker::v1::BrokerLimits& limits) {
  BrokerOffer offer;
  if (limits.told() || limits.maximum_qos() < kHighestQos) {
    offer.maximum_qos = limits.maximum_qos();
  }
  if (!limits.told()) return offer;
  offer.receive_maximum = limits.receive_maximum();
  if (limits.maximum_packet_size() > 0) {
    offer.maximum_packet_size = limits.maximum_packet_size();
  }
  offer.retain_available = limits.retain_available();
  if (limits.server_keep_alive() >= 0) {
    offer.server_keep_alive = absl::Seconds(limits.server_keep_alive());
  }
  offer.assigned_client_id = limits.assigned_client_id();
  offer.topic_alias_maximum = limits.topic_alias_maximum();
  if (limits.session_expiry() >= 0) {
    offer.session_expiry = absl::Seconds(limits.session_expiry());
  }
  return offer;
}

LinkStatus ToLinkStatus(const worker::v1::LinkStatus& status) {
  LinkStatus link;
  link.state = static_cast<LinkState>(status.state());
  link.since = ToTime(status.has_since(), status.since());
  link.last_error = status.last_error();
  link.next_connect_time =
      ToTime(status.has_next_connect_time(), status.next_connect_time());
  link.last_ack_time =
      ToTime(status.has_last_ack_time(), status.last_ack_time());
  link.broker_address = status.broker_address();
  if (status.has_limits()) link.offer = ToOffer(status.limits());
  return link;
}

absl::string_view LinkStateName(LinkState state) {
  switch (state) {
    case LinkState::kConnecting:
      return "CONNECTING";
    case LinkState::kConnected:
      return "CONNECTED";
    case LinkState::kBackingOff:
      return "BACKING_OFF";
    case LinkState::kRefused:
      return "REFUSED";
    case LinkState::kStalled:
      return "STALLED";
    case LinkState::kPaused:
      return "PAUSED";
    case LinkState::kUnknown:
      break;
  }
  return "UNKNOWN";
}

}  // namespace mqttpush
