// GrpcListener: where the gRPC services are served, and where their health is.
#ifndef MQTTPUSH_SERVER_GRPC_LISTENER_H_
#define MQTTPUSH_SERVER_GRPC_LISTENER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tls/server_certificate.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace mqttpush {

struct GrpcListenerOptions {
  std::string address;  // "host:port"
  std::string
      health_address;  // of grpc.health.v1 alone, in plaintext; or empty
  // Of `address`; null: plaintext. Must outlive the listener.
  ServerCertificate* certificate = nullptr;
};

// Health is SERVING from the start. Thread-safe.
class GrpcListener {
 public:
  // The services must outlive it. UNAVAILABLE when it cannot listen.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Start(
      const GrpcListenerOptions& options,
      const std::vector<grpc::Service*>& services);
  // Lets calls that are under way finish for `kShutdownGrace`.
  ~GrpcListener();

  static constexpr absl::Duration kShutdownGrace = absl::Seconds(2);

  // With the real ports.
  const std::string& address() const { return address_; }
  const std::string& health_address() const { return health_address_; }

  // Health says NOT_SERVING from here on; calls are still answered.
  void SayNotServing();

 private:
  GrpcListener() = default;

  std::string address_;
  std::string health_address_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;  // of server_
  std::unique_ptr<grpc::Server> health_server_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_GRPC_LISTENER_H_
