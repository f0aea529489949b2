// RunOnPool: a unary call whose handler may wait for the disk.
#ifndef MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_
#define MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_

#include <utility>

#include "common/thread_pool.h"
#include "grpcpp/support/server_callback.h"
#include "services/api/status.h"

namespace mqttpush {

// `handler`: () -> absl::Status, the end of the call.
template <typename Handler>
grpc::ServerUnaryReactor* RunOnPool(ThreadPool& pool,
                                    grpc::CallbackServerContext* context,
                                    Handler handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Post([reactor, handler = std::move(handler)] {
    reactor->Finish(ToGrpcStatus(handler()));
  });
  return reactor;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_RUN_ON_POOL_H_
