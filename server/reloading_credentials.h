// ReloadingCredentials: TLS for a gRPC listener whose certificate may be
// replaced while it listens.
//
// gRPC's own file watcher takes a pair of files as it finds them, and serves
// nobody when they do not belong together; here what was good goes on.
#ifndef MQTTPUSH_SERVER_RELOADING_CREDENTIALS_H_
#define MQTTPUSH_SERVER_RELOADING_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "common/tls/server_certificate.h"

namespace mqttpush {

// Asks `certificate` at each handshake. Both it and what is returned must
// outlive the server: gRPC itself keeps only what it calls. If there is a
// client_ca, clients must show a certificate that leads to it.
std::shared_ptr<grpc::ServerCredentials> ReloadingCredentials(
    ServerCertificate* certificate);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_RELOADING_CREDENTIALS_H_
