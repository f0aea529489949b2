#include "services/admin/broker_offer_converter.h"

#include "services/admin/values.h"
#include "services/api/text.h"
#include "storage/records.h"

namespace mqttpush {

v1::BrokerOffer OfferToProto(const BrokerOffer& offer) {
  v1::BrokerOffer proto;
  if (offer.maximum_qos.has_value()) {
    proto.set_maximum_qos(ToProto(static_cast<Qos>(*offer.maximum_qos)));
  }
  if (offer.receive_maximum.has_value()) {
    proto.set_receive_maximum(*offer.receive_maximum);
  }
  if (offer.maximum_packet_size.has_value()) {
    proto.set_maximum_packet_size(*offer.maximum_packet_size);
  }
  if (offer.retain_available.has_value()) {
    proto.set_retain_available(*offer.retain_available);
  }
  if (offer.server_keep_alive.has_value()) {
    SetDuration(*offer.server_keep_alive, proto.mutable_server_keep_alive());
  }
  proto.set_assigned_client_id(ReplaceInvalidUtf8(offer.assigned_client_id));
  if (offer.topic_alias_maximum.has_value()) {
    proto.set_topic_alias_maximum(*offer.topic_alias_maximum);
  }
  if (offer.session_expiry.has_value()) {
    SetDuration(*offer.session_expiry, proto.mutable_session_expiry());
  }
  return proto;
}

}  // namespace mqttpush
