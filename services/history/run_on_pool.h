// RunOnPool: a unary call whose handler may wait for the disk.
#ifndef MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_
#define MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_

#include <string>
#include <utility>

#include "common/thread_pool.h"
#include "grpcpp/support/server_callback.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/status.h"

namespace mqttpush {

// Of one tenant.
inline constexpr size_t kMostCallsWaiting = 100;

// Has `run` called on the pool, in the turn of the tenant that the resource
// name `about` names. It ends the call.
template <typename Run>
grpc::ServerUnaryReactor* CallOnPool(ThreadPool& pool,
                                     grpc::CallbackServerContext* context,
                                     const std::string& about, Run run) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::string tenant(TenantIdIn(about));
  if (!pool.Post(
          tenant, [reactor, run = std::move(run)] { run(reactor); },
          kMostCallsWaiting)) {
    reactor->Finish(
        ToGrpcStatus(errors::TooManyReads(tenant, kMostCallsWaiting)));
  }
  return reactor;
}

// `handler`: () -> absl::Status, the end of the call.
template <typename Handler>
grpc::ServerUnaryReactor* RunOnPool(ThreadPool& pool,
                                    grpc::CallbackServerContext* context,
                                    const std::string& about, Handler handler) {
  return CallOnPool(
      pool, context, about,
      [handler = std::move(handler)](grpc::ServerUnaryReactor* reactor) {
        reactor->Finish(ToGrpcStatus(handler()));
      });
}

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_
