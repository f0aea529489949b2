// HistoryServiceTest: three deliveries of subscription "sub", and calls to ask
// about them.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_FIXTURE_H_

#include <string>
#include <vector>

#include "services/history/history_fixture.h"
#include "tests/support/log_fixture.h"

namespace mqttpush {

class HistoryServiceTest : public HistoryFixture {
 protected:
  void SetUp() override {
    HistoryFixture::SetUp();
    uid_ = Put(MakeSubscription("sub"));
    WriteLog();
  }
  // Events a, b, c: delivered at the second attempt, parked, waiting.
  void WriteLog() {
    std::vector<NewEvent> events;
    for (const char* id : {"a", "b", "c"}) {
      events.push_back(MakeTenantEvent(id, {{uid_, "sub"}}));
    }
    ASSERT_TRUE(AppendAndWait(*log_, events).ok());
    DeliveryUpdate update = {
        .subscription_uid = uid_, .cursor = 2, .sent_through = 2};
    update.attempts = {Attempt(1, 1, false), Attempt(1, 2, true),
                       Attempt(2, 1, false)};
    update.put_exceptions = {
        {.event_seq = 2, .state = DeliveryState::kParked, .attempt_count = 1}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  AttemptRecord Attempt(int64_t seq, int number, bool succeeded) const {
    AttemptRecord attempt = MakeAttempt(seq, uid_, number, succeeded);
    attempt.start_time = absl::FromUnixSeconds(100 + 10 * seq + number);
    attempt.duration = absl::Milliseconds(250);
    attempt.qos = Qos::kExactlyOnce;
    attempt.reason_string = succeeded ? "" : "plan exhausted";
    attempt.packet_id = 5;
    attempt.requested_qos = Qos::kAtLeastOnce;
    attempt.connection = 4;
    attempt.warning = succeeded ? "it may arrive twice" : "";
    attempt.pubrec_time = absl::FromUnixSeconds(111);
    attempt.ack_time = absl::FromUnixSeconds(112);
    return attempt;
  }

  std::string Name(int64_t seq) const {
    return "tenants/acme/deliveries/" + std::to_string(seq) + "-" +
           std::to_string(uid_);
  }
  grpc::Status List(const v1::ListDeliveriesRequest& request,
                    v1::ListDeliveriesResponse& response) {
    grpc::ClientContext context;
    return stub_->ListDeliveries(&context, request, &response);
  }
  grpc::Status List(const v1::ListAttemptsRequest& request,
                    v1::ListAttemptsResponse& response) {
    grpc::ClientContext context;
    return stub_->ListAttempts(&context, request, &response);
  }
  grpc::Status Get(const std::string& name, v1::Delivery& delivery) {
    grpc::ClientContext context;
    v1::GetDeliveryRequest request;
    request.set_name(name);
    return stub_->GetDelivery(&context, request, &delivery);
  }

  int64_t uid_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_SERVICE_FIXTURE_H_
