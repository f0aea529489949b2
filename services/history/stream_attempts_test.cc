// What StreamAttempts gives: a real gRPC server, log and stub.
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/history/stream_attempts_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(StreamAttemptsTest, EndsAtTheLastOneWhenNotLive) {
  EXPECT_THAT(NamesOf(request_), IsEmpty());
  RecordMany(250);
  EXPECT_EQ(NamesOf(request_), names_);
}

TEST_F(StreamAttemptsTest, FiltersAsListAttempts) {
  const int64_t a = Append("a");
  const int64_t b = Append("b", "asset-2");
  AttemptRecord failed = Attempt(a, 1);
  failed.succeeded = false;
  failed.error_class = ErrorClass::kRejected;
  failed.start_time -= absl::Hours(3);
  AttemptRecord second = Attempt(b, 1);
  second.subscription_uid = second_uid_;
  second.topic = "other";
  for (const AttemptRecord& attempt :
       {Attempt(b, 1), failed, second, Attempt(a, 2)}) {
    Record(attempt);
  }
  EXPECT_EQ(NamesOf(request_), names_);
  v1::StreamAttemptsRequest by = request_;
  by.mutable_filter()->set_subscription("tenants/acme/subscriptions/second");
  EXPECT_EQ(NamesOf(by), Names({2}));
  by = request_;
  by.mutable_filter()->set_asset_id("asset-2");
  EXPECT_EQ(NamesOf(by), Names({0, 2}));
  by = request_;
  by.mutable_filter()->set_event_id("a");
  EXPECT_EQ(NamesOf(by), Names({1, 3}));
  by = request_;
  by.mutable_filter()->set_topic("other");
  EXPECT_EQ(NamesOf(by), Names({2}));
  by = request_;
  by.mutable_filter()->set_object_type(v1::GTOEM_DATA);
  EXPECT_EQ(NamesOf(by), Names({}));
  by = request_;
  by.set_outcome(v1::Attempt::FAILED);
  EXPECT_EQ(NamesOf(by), Names({1}));
  by = request_;
  by.set_parent(absl::StrCat("tenants/acme/deliveries/", b, "-", uid_));
  EXPECT_EQ(NamesOf(by), Names({0}));
  by = request_;
  by.mutable_filter()->mutable_start_time()->set_seconds(
      absl::ToUnixSeconds(clock_.Now()) - 3600);
  EXPECT_EQ(NamesOf(by), Names({0, 2, 3}));
  by = request_;
  by.mutable_filter()->mutable_end_time()->set_seconds(
      absl::ToUnixSeconds(clock_.Now()) - 3600);
  EXPECT_EQ(NamesOf(by), Names({1}));
  by = request_;
  by.set_parent("tenants/other");
  EXPECT_EQ(NamesOf(by), Names({}));
}

// Though GetDelivery does not show it: it ended before the tenant's history
// begins, by when its event was accepted.
TEST_F(StreamAttemptsTest, TellsTheObjectAsLongAsTheAttempt) {
  TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
  tenant.history_retention = absl::Hours(2);
  Put(tenant);
  const int64_t seq = Append("a");
  clock_.Advance(absl::Hours(3));
  Record(Attempt(seq, 1));
  StreamCall call(*stub_, request_);
  ASSERT_TRUE(call.Read());
  ASSERT_EQ(call.response().attempts_size(), 1);
  const v1::Attempt& attempt = call.response().attempts(0);
  EXPECT_EQ(attempt.object_id(), "12345");
  EXPECT_EQ(attempt.asset_id(), "asset-1");
  EXPECT_EQ(attempt.owner_id(), "owner-1");
  EXPECT_EQ(attempt.payload_bytes(), 10);
  call.Cancel();
}

TEST_F(StreamAttemptsTest, BeginsSoLongAgo) {
  const int64_t seq = Append("a");
  int number = 0;
  for (int hours : {30, 1, 26, 2}) {
    AttemptRecord attempt = Attempt(seq, ++number);
    attempt.start_time -= absl::Hours(hours);
    Record(attempt);
  }
  request_.mutable_since()->set_seconds(24 * 3600);
  EXPECT_EQ(NamesOf(request_), Names({1, 3}));
  request_.mutable_since()->set_seconds(0);
  StreamCall live(*stub_, request_);
  live.ReadToEnd();
  Record(Attempt(seq, ++number));
  live.ReadSoMany(1);
  EXPECT_EQ(live.names(), Names({4}));
  // Whoever resumes begins where the call did, not so long before now.
  StreamCall cut(*stub_, request_);
  cut.ReadToEnd();
  Record(Attempt(seq, ++number));
  request_.set_resume_token(cut.response().resume_token());
  EXPECT_EQ(NamesOf(request_), Names({5}));
  live.Cancel();
  cut.Cancel();
}

TEST_F(StreamAttemptsTest, GoesOnLiveOverSegments) {
  const int64_t seq = Append("a");
  Record(Attempt(seq, 1));
  StreamCall call(*stub_, request_);
  call.ReadToEnd();
  EXPECT_EQ(call.names(), names_);
  const size_t segments = log_->store()->list().Get()->size();
  std::thread writer([&] {
    for (int number = 2; number <= 300; ++number) Record(Attempt(seq, number));
  });
  call.ReadSoMany(300);
  writer.join();
  EXPECT_GE(log_->store()->list().Get()->size(), segments + 5);
  EXPECT_EQ(call.names(), names_);
  EXPECT_FALSE(call.response().gap());
  call.Cancel();
}

TEST_F(StreamAttemptsTest, TellsResultsInsteadWhenAskedFor) {
  RecordMany(2);
  request_.set_live(false);
  for (const auto view : {v1::StreamAttemptsRequest::RESULT_EVENTS,
                          v1::StreamAttemptsRequest::RESULT_PAYLOADS}) {
    request_.set_view(view);
    StreamCall call(*stub_, request_);
    ASSERT_TRUE(call.Read());
    const std::string name = v1::StreamAttemptsRequest::View_Name(view);
    EXPECT_THAT(call.response().results(),
                ElementsAre(name + " acme 1/1", name + " acme 1/2"));
    EXPECT_TRUE(call.response().attempts().empty());
    EXPECT_TRUE(call.Finish().ok());
  }
}

TEST_F(StreamAttemptsTest, ShowsNoMoreThanTheTenantsHistory) {
  RecordMany(3);
  TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
  tenant.history_retention = absl::Hours(2);
  Put(tenant);
  EXPECT_EQ(NamesOf(request_), names_);
  clock_.Advance(absl::Hours(3));
  EXPECT_THAT(NamesOf(request_), IsEmpty());
}

TEST_F(StreamAttemptsTest, NamesAllBrokenRulesAtOnce) {
  request_.mutable_since()->set_seconds(-1);
  request_.set_outcome(static_cast<v1::Attempt::Outcome>(9));
  request_.set_view(static_cast<v1::StreamAttemptsRequest::View>(9));
  auto& filter = *request_.mutable_filter();
  filter.mutable_end_time()->set_seconds(10);
  filter.set_object_type(static_cast<v1::ObjectType>(77));
  EXPECT_THAT(
      ViolatedFields(StatusOf(request_)),
      ::testing::UnorderedElementsAre("since", "outcome", "view",
                                      "filter.end_time", "filter.object_type"));
  v1::StreamAttemptsRequest both;
  both.set_parent("tenants/acme");
  both.mutable_since()->set_seconds(1);
  both.mutable_filter()->mutable_start_time()->set_seconds(1);
  EXPECT_THAT(ViolatedFields(StatusOf(both)), ElementsAre("since"));
  both.set_parent("tenants/nobody");
  EXPECT_EQ(StatusOf(both).error_code(), grpc::StatusCode::NOT_FOUND);
  both.set_parent("acme");
  EXPECT_THAT(ViolatedFields(StatusOf(both)), ElementsAre("parent"));
}

}  // namespace
}  // namespace mqttpush
