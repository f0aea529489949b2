// What a broker offers, for the API.
#ifndef MQTTPUSH_SERVICES_ADMIN_BROKER_OFFER_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_BROKER_OFFER_CONVERTER_H_

#include "common/broker_offer.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush {

v1::BrokerOffer OfferToProto(const BrokerOffer& offer);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_BROKER_OFFER_CONVERTER_H_
