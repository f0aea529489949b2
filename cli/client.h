// Client: the calls of the gRPC API, with deadlines and our errors.
#ifndef MQTTPUSH_CLI_CLIENT_H_
#define MQTTPUSH_CLI_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/settings.h"
#include "common/clock.h"
#include "google/protobuf/message.h"
#include "mqttpush/v1/history_service.grpc.pb.h"

namespace mqttpush::cli {

// Connects with the first call. Thread-safe.
class Client {
 public:
  // `clock` must outlive it.
  Client(Settings settings, const Clock* clock);

  // One unary call of a method as "AdminService/GetTenant", which ends within
  // the timeout, or `longer` after it. Of descriptors alone it can be called
  // for any resource. `response` must be the method's.
  absl::Status Call(absl::string_view method,
                    const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    absl::Duration longer = absl::ZeroDuration());
  template <typename Response>
  absl::StatusOr<Response> Call(absl::string_view method,
                                const google::protobuf::Message& request,
                                absl::Duration longer = absl::ZeroDuration()) {
    Response response;
    const absl::Status status = Call(method, request, &response, longer);
    if (!status.ok()) return status;
    return response;
  }

  // For streams.
  v1::HistoryService::StubInterface& history() { return *history_; }
  // What a call of history() ended with.
  absl::Status ToStatus(const grpc::Status& status) const;

 private:
  // When a unary call that begins now is given up.
  std::chrono::system_clock::time_point Deadline(absl::Duration longer) const;

  const Settings settings_;
  const Clock* const clock_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::HistoryService::StubInterface> history_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_CLIENT_H_
