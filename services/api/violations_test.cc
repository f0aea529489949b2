#include "services/api/violations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/api/status.h"

namespace mqttpush {
namespace {

google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(ToGrpcStatus(status).error_details()));
  google::rpc::BadRequest bad_request;
  for (const auto& detail : proto.details()) detail.UnpackTo(&bad_request);
  return bad_request;
}

TEST(ViolationsTest, NoneIsOk) {
  Violations violations;
  EXPECT_TRUE(violations.empty());
  EXPECT_TRUE(violations.ToStatus().ok());
}

TEST(ViolationsTest, CarriesAllInOrder) {
  Violations violations;
  violations.Add("broker.host", "is required");
  violations.Add("broker.port", "must be from 1 to 65535");
  EXPECT_FALSE(violations.empty());
  const absl::Status status = violations.ToStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "broker.host: is required; broker.port: must be from 1 to 65535");
  const google::rpc::BadRequest bad_request = BadRequestOf(status);
  ASSERT_EQ(bad_request.field_violations_size(), 2);
  EXPECT_EQ(bad_request.field_violations(0).field(), "broker.host");
  EXPECT_EQ(bad_request.field_violations(1).description(),
            "must be from 1 to 65535");
}

TEST(ViolationsTest, MessageNamesTheFirstOnesAndCountsTheRest) {
  Violations violations;
  for (int i = 0; i < 5; ++i) violations.Add(absl::StrCat("f", i), "is bad");
  EXPECT_EQ(violations.ToStatus().message(),
            "f0: is bad; f1: is bad; f2: is bad; and 2 more");
  EXPECT_EQ(BadRequestOf(violations.ToStatus()).field_violations_size(), 5);
}

TEST(ViolationsTest, CountsWhatDoesNotFitIntoAnError) {
  Violations violations;
  for (int i = 0; i < 1000; ++i) {
    violations.Add(absl::StrCat("tenant.owner_ids[", i, "]"),
                   std::string(10000, 'x'));
  }
  const google::rpc::BadRequest bad_request =
      BadRequestOf(violations.ToStatus());
  const int listed = bad_request.field_violations_size() - 1;
  ASSERT_GT(listed, 5);
  EXPECT_EQ(bad_request.field_violations(listed).description(),
            absl::StrCat("and ", 1000 - listed, " more"));
}

}  // namespace
}  // namespace mqttpush
