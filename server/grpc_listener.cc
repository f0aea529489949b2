#include "server/grpc_listener.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "server/reloading_credentials.h"

namespace mqttpush {
namespace {

void SetOptions(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits::kMaxRequestBytes);
  // Otherwise a second process could share the port unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Finds dead peers that hold streams, and lets clients ping each half minute.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
}

absl::StatusOr<std::unique_ptr<grpc::Server>> Listen(
    const std::string& address,
    std::shared_ptr<grpc::ServerCredentials> credentials,
    const std::vector<grpc::Service*>& services, std::string& real_address) {
  grpc::ServerBuilder builder;
  SetOptions(builder);
  int port = 0;
  builder.AddListeningPort(address, std::move(credentials), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", address,
        ": the address is not valid, not this machine's, or in use"));
  }
  real_address = absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
  return server;
}

void EndServer(grpc::Server* server) {
  if (server == nullptr) return;
  server->Shutdown(
      absl::ToChronoTime(Clock::Real()->Now() + GrpcListener::kShutdownGrace));
  server->Wait();
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Start(
    const GrpcListenerOptions& options,
    const std::vector<grpc::Service*>& services) {
  std::unique_ptr<GrpcListener> listener(new GrpcListener());
  grpc::EnableDefaultHealthCheckService(true);
  // Before reflection, which every server gets that is built later: who may
  // only look at health need not see what else there is.
  if (!options.health_address.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        listener->health_server_,
        Listen(options.health_address, grpc::InsecureServerCredentials(), {},
               listener->health_address_));
  }
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  listener->credentials_ = options.certificate == nullptr
                               ? grpc::InsecureServerCredentials()
                               : ReloadingCredentials(options.certificate);
  MQTTPUSH_ASSIGN_OR_RETURN(listener->server_,
                            Listen(options.address, listener->credentials_,
                                   services, listener->address_));
  return listener;
}

GrpcListener::~GrpcListener() {
  EndServer(server_.get());
  EndServer(health_server_.get());
}

void GrpcListener::SayNotServing() {
  for (grpc::Server* server : {server_.get(), health_server_.get()}) {
    if (server == nullptr) continue;
    server->GetHealthCheckService()->SetServingStatus(false);
  }
}

}  // namespace mqttpush
