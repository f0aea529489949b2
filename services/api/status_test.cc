#include "services/api/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace mqttpush {
namespace {

using ::testing::SizeIs;

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(status.error_details()));
  return proto;
}

TEST(StatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(StatusTest, EveryCodeKeepsItsNumberAndGetsAnErrorInfo) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = ToGrpcStatus(
        absl::Status(static_cast<absl::StatusCode>(code), "words"));
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(status.error_message(), "words");
    const google::rpc::Status proto = Details(status);
    EXPECT_EQ(proto.code(), code);
    ASSERT_THAT(proto.details(), SizeIs(1));
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(proto.details(0).UnpackTo(&info));
    EXPECT_EQ(info.domain(), "mqttpush");
    EXPECT_EQ(info.reason(),
              absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
}

TEST(StatusTest, KeepsAttachedDetailsWithTheErrorInfoFirst) {
  absl::Status status = absl::NotFoundError("gone");
  google::rpc::ResourceInfo resource;
  resource.set_resource_name("tenants/acme");
  AttachDetail(resource, &status);
  google::rpc::ErrorInfo info;
  info.set_reason("TENANT_NOT_FOUND");
  AttachDetail(info, &status);

  const google::rpc::Status proto = Details(ToGrpcStatus(status));
  ASSERT_THAT(proto.details(), SizeIs(2));
  google::rpc::ErrorInfo got;
  ASSERT_TRUE(proto.details(0).UnpackTo(&got));
  EXPECT_EQ(got.reason(), "TENANT_NOT_FOUND");
  google::rpc::ResourceInfo got_resource;
  ASSERT_TRUE(proto.details(1).UnpackTo(&got_resource));
  EXPECT_EQ(got_resource.resource_name(), "tenants/acme");
}

TEST(StatusTest, BoundsMessageAndDetails) {
  absl::Status status = absl::InternalError(std::string(100000, 'x'));
  google::rpc::ResourceInfo resource;
  resource.set_resource_name(std::string(100000, 'y'));
  AttachDetail(resource, &status);
  const grpc::Status grpc_status = ToGrpcStatus(status);
  EXPECT_EQ(grpc_status.error_message().size(), kMaxStatusMessageBytes);
  EXPECT_LT(grpc_status.error_details().size(),
            kMaxStatusDetailsBytes + kMaxStatusMessageBytes);
  EXPECT_THAT(Details(grpc_status).details(), SizeIs(1));
}

TEST(StatusTest, ReasonIsTheAttachedOneOrTheCode) {
  absl::Status status = absl::UnavailableError("x");
  EXPECT_EQ(ErrorReason(status), "UNAVAILABLE");
  google::rpc::ErrorInfo info;
  info.set_reason("TIRED");
  AttachDetail(info, &status);
  EXPECT_EQ(ErrorReason(status), "TIRED");
}

TEST(StatusTest, ReplacesBytesThatAreNotUtf8) {
  const grpc::Status status =
      ToGrpcStatus(absl::InternalError("sqlite: \xff\xfe!"));
  EXPECT_EQ(status.error_message(), "sqlite: \?\?!");
  EXPECT_EQ(Details(status).message(), "sqlite: \?\?!");
}

}  // namespace
}  // namespace mqttpush
