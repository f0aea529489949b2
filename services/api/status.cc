#include "services/api/status.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kTypeUrlPrefix = "type.googleapis.com/";

std::string TypeUrl(const google::protobuf::Message& message) {
  return absl::StrCat(kTypeUrlPrefix, message.GetDescriptor()->full_name());
}

void AddErrorInfo(absl::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_reason(absl::StatusCodeToString(status->code()));
  info.set_domain(std::string(kErrorDomain));
  AttachDetail(info, status);
}

// ErrorInfo first, so that it is the last to be left out.
void AddDetails(const absl::Status& status, google::rpc::Status* proto) {
  const std::string info_url = TypeUrl(google::rpc::ErrorInfo());
  size_t bytes = 0;
  const auto add = [&](absl::string_view url, const absl::Cord& value) {
    bytes += url.size() + value.size();
    if (bytes > kMaxStatusDetailsBytes) return;
    google::protobuf::Any* any = proto->add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::string(value));
  };
  add(info_url, *status.GetPayload(info_url));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    if (url != info_url) add(url, value);
  });
}

}  // namespace

void AttachDetail(const google::protobuf::Message& detail,
                  absl::Status* status) {
  status->SetPayload(TypeUrl(detail), absl::Cord(detail.SerializeAsString()));
}

bool GetDetail(const absl::Status& status, google::protobuf::Message* detail) {
  const auto attached = status.GetPayload(TypeUrl(*detail));
  return attached && detail->ParseFromString(std::string(*attached));
}

std::string ErrorReason(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  if (GetDetail(status, &info)) return info.reason();
  return absl::StatusCodeToString(status.code());
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status proto;
  if (status.ok()) return proto;
  absl::Status described = status;
  if (!described.GetPayload(TypeUrl(google::rpc::ErrorInfo()))) {
    AddErrorInfo(&described);
  }
  proto.set_code(status.raw_code());
  proto.set_message(
      Truncate(ReplaceInvalidUtf8(status.message()), kMaxStatusMessageBytes));
  AddDetails(described, &proto);
  return proto;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = ToRpcStatus(status);
  // The codes of absl and gRPC are the same numbers.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      proto.message(), proto.SerializeAsString());
}

}  // namespace mqttpush
