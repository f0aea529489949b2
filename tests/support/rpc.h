// Call: one unary gRPC call with a deadline, as absl::StatusOr.
//
//   absl::StatusOr<v1::Tenant> tenant = Call<v1::Tenant>(
//       [&](auto* context, auto* response) {
//         return stub.GetTenant(context, request, response);
//       });
#ifndef MQTTPUSH_TESTS_SUPPORT_RPC_H_
#define MQTTPUSH_TESTS_SUPPORT_RPC_H_

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace mqttpush {

inline absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

inline std::chrono::system_clock::time_point DeadlineAfter(
    absl::Duration timeout) {
  return absl::ToChronoTime(Clock::Real()->Now() + timeout);
}

template <typename Response, typename Method>
absl::StatusOr<Response> Call(Method method) {
  grpc::ClientContext context;
  context.set_deadline(DeadlineAfter(absl::Seconds(30)));
  Response response;
  const grpc::Status status = method(&context, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_RPC_H_
