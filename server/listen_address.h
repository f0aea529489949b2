// Where the service may listen without TLS.
#ifndef MQTTPUSH_SERVER_LISTEN_ADDRESS_H_
#define MQTTPUSH_SERVER_LISTEN_ADDRESS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// Whether only this machine can connect to "host:port" (or "unix:path"):
// localhost, 127.0.0.0/8, [::1]. No name is looked up: what it means may
// change.
bool IsLoopback(absl::string_view listen_address);

// FAILED_PRECONDITION when `listen_address`, given by `flag`, would carry
// everything in plaintext over a network.
absl::Status CheckPlaintext(absl::string_view flag,
                            absl::string_view listen_address);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_LISTEN_ADDRESS_H_
