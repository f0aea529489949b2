// From absl::Status, which all of our code speaks, to grpc::Status.
//
// The details of an error (messages of google/rpc/error_details.proto) travel
// in absl::Status as payloads under their type URLs. errors.h and violations.h
// attach them; nobody else needs to.
#ifndef MQTTPUSH_SERVICES_API_STATUS_H_
#define MQTTPUSH_SERVICES_API_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace mqttpush {

inline constexpr absl::string_view kErrorDomain = "mqttpush";

// gRPC clients take 8 KiB of trailers by default and fail the call with
// RESOURCE_EXHAUSTED beyond. The message travels twice, once percent-encoded;
// the details may travel in base64.
inline constexpr size_t kMaxStatusMessageBytes = 512;
inline constexpr size_t kMaxStatusDetailsBytes = 3800;

// Attaches `detail` to `status`; at most one of each type. No effect on OK.
void AttachDetail(const google::protobuf::Message& detail,
                  absl::Status* status);

// Copies the attached detail of that type; false when there is none.
bool GetDetail(const absl::Status& status, google::protobuf::Message* detail);

// The reason of the attached ErrorInfo; without one the name of the code.
std::string ErrorReason(const absl::Status& status);

// An error inside a response, as of one event of many. The result carries
// exactly one ErrorInfo: the attached one, or one with the code's name as its
// reason. The message and the details are cut to the limits above.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The only place where a grpc::Status is made: the same as its details.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_STATUS_H_
