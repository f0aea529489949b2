// RetryDelivery in process: a real gRPC server, log and stub.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/history/history_service_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetryDeliveryTest : public HistoryServiceTest {
 protected:
  // Plays dispatch.
  void Redeliver(int64_t subscription_uid, int64_t event_seq,
                 const std::function<void(absl::Status)>& done) override {
    EXPECT_EQ(subscription_uid, uid_);
    if (redelivered_.ok()) {
      DeliveryUpdate update = {
          .subscription_uid = uid_, .cursor = 2, .sent_through = 2};
      update.put_exceptions = {
          {.event_seq = event_seq,
           .request_time = absl::FromUnixSeconds(1'700'000'000)}};
      update.reopened = {{event_seq, DeliveryState::kParked}};
      EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
    }
    done(redelivered_);
  }
  grpc::Status Retry(const std::string& name, v1::Delivery& delivery) {
    grpc::ClientContext context;
    v1::RetryDeliveryRequest request;
    request.set_name(name);
    return stub_->RetryDelivery(&context, request, &delivery);
  }

  absl::Status redelivered_;  // what dispatch says
};

TEST_F(RetryDeliveryTest, WhatIsSentAgainIsShownAsItIsThen) {
  v1::Delivery delivery;
  const grpc::Status status = Retry(Name(2), delivery);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(delivery.name(), Name(2));
  EXPECT_EQ(delivery.state(), v1::Delivery::RETRYING);
  EXPECT_EQ(delivery.state_reason(),
            "to be sent again, as asked for at 2023-11-14T22:13:20Z");
  EXPECT_EQ(delivery.attempts_size(), 1);
  EXPECT_EQ(delivery.attempts(0).trigger(), v1::Attempt::SCHEDULED);
}

TEST_F(RetryDeliveryTest, WhatCannotBeSentAgainIsRefusedWithTheState) {
  v1::Delivery delivery;
  EXPECT_THAT(ViolatedFields(Retry("deliveries/1", delivery)),
              ElementsAre("name"));
  EXPECT_EQ(Retry("tenants/nobody/deliveries/1-1", delivery).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Retry(Name(99), delivery).error_code(),
            grpc::StatusCode::NOT_FOUND);
  const grpc::Status waiting = Retry(Name(3), delivery);
  EXPECT_EQ(waiting.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(waiting.error_message(), HasSubstr("is WAITING"));
  status_.SetInFlight(uid_, {3});
  EXPECT_THAT(Retry(Name(3), delivery).error_message(),
              HasSubstr("is IN_FLIGHT"));
}

TEST_F(RetryDeliveryTest, WhatDispatchSaysToARetryIsTold) {
  const std::pair<absl::Status, grpc::StatusCode> kCases[] = {
      {absl::AbortedError("x"), grpc::StatusCode::ABORTED},
      {absl::NotFoundError("x"), grpc::StatusCode::NOT_FOUND},
      {absl::ResourceExhaustedError("x"), grpc::StatusCode::RESOURCE_EXHAUSTED},
      {absl::UnavailableError("x"), grpc::StatusCode::UNAVAILABLE}};
  for (const auto& [redelivered, code] : kCases) {
    redelivered_ = redelivered;
    v1::Delivery delivery;
    EXPECT_EQ(Retry(Name(2), delivery).error_code(), code);
  }
}

}  // namespace
}  // namespace mqttpush
