// Brokers between the API and storage.
#ifndef MQTTPUSH_SERVICES_ADMIN_BROKER_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_BROKER_CONVERTER_H_

#include "common/delivery_status.h"
#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/records.h"

namespace mqttpush {

// Without secrets.
v1::Broker BrokerToProto(const BrokerRecord& broker, const TenantRecord& tenant,
                         const LinkStatus& link);

// What an update mask says about secrets beyond what the message shows: named,
// an empty one means to remove it; otherwise to keep it.
struct SecretsToClear {
  bool password = false;
  bool private_key = false;
};

// `base`, a broker of `tenant`, with the fields that callers may set taken from
// `proto`, and defaults where they are not set. Secrets that are not set are
// kept while what they belong to is unchanged. Adds a violation for each rule
// of resources.proto that they break.
BrokerRecord BrokerFromProto(const v1::Broker& proto, const BrokerRecord& base,
                             const TenantRecord& tenant, SecretsToClear clear,
                             Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_BROKER_CONVERTER_H_
