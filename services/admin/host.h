// CheckHost: what may stand in Broker.host.
#ifndef MQTTPUSH_SERVICES_ADMIN_HOST_H_
#define MQTTPUSH_SERVICES_ADMIN_HOST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// OK for a host name, an IPv4 address or an IPv6 address without brackets.
// INVALID_ARGUMENT otherwise; the message is the description of a violation,
// and says what to do about a scheme, a port, a path or brackets.
absl::Status CheckHost(absl::string_view host);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_HOST_H_
