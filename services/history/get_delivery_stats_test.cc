// GetDeliveryStats in process: a real gRPC server, log and stub.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/history/history_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Time kNoon = absl::FromUnixSeconds(480'012 * 3600LL);

class GetDeliveryStatsTest : public HistoryFixture {
 protected:
  GetDeliveryStatsTest() : HistoryFixture({.segment_rows = 4}) {}
  void SetUp() override {
    clock_.Set(kNoon);
    HistoryFixture::SetUp();
    first_uid_ = Put(MakeSubscription("first"));
    second_uid_ = Put(MakeSubscription("second"));
    request_.set_parent("tenants/acme");
  }

  // Accepted at `time` for both subscriptions.
  int64_t Accept(absl::Time time, ObjectType type) {
    clock_.Set(time);
    NewEvent event =
        MakeTenantEvent(std::to_string(++last_seq_),
                        {{first_uid_, "first"}, {second_uid_, "second"}});
    event.object_type = type;
    EXPECT_TRUE(AppendAndWait(*log_, {event}).ok());
    return last_seq_;
  }
  // By the first subscription, after `failures`, so long after its acceptance.
  void Deliver(int64_t seq, int failures, absl::Duration latency,
               const std::string& topic = "t") {
    DeliveryUpdate update = {.subscription_uid = first_uid_,
                             .cursor = seq,
                             .sent_through = seq,
                             .newly_delivered = 1};
    for (int i = 0; i <= failures; ++i) {
      update.attempts.push_back(
          MakeAttempt(seq, first_uid_, i + 1, i == failures));
      update.attempts.back().duration = latency;
      update.attempts.back().topic = topic;
    }
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  v1::DeliveryStats Get() {
    auto stats = Call<v1::DeliveryStats>([&](auto* context, auto* response) {
      return stub_->GetDeliveryStats(context, request_, response);
    });
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats.value_or(v1::DeliveryStats());
  }
  absl::StatusCode CodeOf(const v1::GetDeliveryStatsRequest& request) {
    return Call<v1::DeliveryStats>([&](auto* context, auto* response) {
             return stub_->GetDeliveryStats(context, request, response);
           })
        .status()
        .code();
  }
  // Two locations and an asset, over two hours; the last one waits.
  void WriteLog() {
    Deliver(Accept(kNoon, ObjectType::kLocation), 0, absl::Milliseconds(20));
    Deliver(Accept(kNoon + absl::Minutes(5), ObjectType::kLocation), 2,
            absl::Seconds(2));
    Accept(kNoon + absl::Minutes(70), ObjectType::kAsset);
  }

  int64_t first_uid_ = 0, second_uid_ = 0, last_seq_ = 0;
  v1::GetDeliveryStatsRequest request_;
};

TEST_F(GetDeliveryStatsTest, CountsOfASubscription) {
  WriteLog();
  request_.set_parent("tenants/acme/subscriptions/first");
  const v1::DeliveryStats stats = Get();
  EXPECT_EQ(stats.total().accepted_count(), 3);
  EXPECT_EQ(stats.total().delivered_count(), 2);
  EXPECT_EQ(stats.total().attempt_count(), 4);
  EXPECT_EQ(stats.total().failed_attempt_count(), 2);
  EXPECT_EQ(stats.total().attempts_per_delivery(), 2);
  EXPECT_EQ(TimeUtil::DurationToMicroseconds(stats.total().latency().p50()),
            31623);
  EXPECT_EQ(TimeUtil::DurationToMicroseconds(stats.total().latency().p99()),
            3162278);
  ASSERT_EQ(stats.object_types_size(), 2);
  EXPECT_EQ(stats.object_types(0).object_type(), v1::ASSET);
  EXPECT_EQ(stats.object_types(0).counts().accepted_count(), 1);
  EXPECT_FALSE(stats.object_types(0).counts().has_latency());
  ASSERT_EQ(stats.buckets_size(), 2);
  EXPECT_EQ(stats.buckets(0).start_time().seconds(),
            absl::ToUnixSeconds(kNoon));
  EXPECT_EQ(stats.buckets(0).counts().accepted_count(), 2);
  EXPECT_EQ(stats.buckets(1).counts().delivered_count(), 0);
  EXPECT_EQ(stats.end_time().seconds() - stats.start_time().seconds(),
            25 * 3600);
  EXPECT_EQ(stats.backlog().waiting_count(), 1);
  EXPECT_EQ(stats.backlog().oldest_waiting_time().seconds(),
            absl::ToUnixSeconds(kNoon + absl::Minutes(70)));
}

TEST_F(GetDeliveryStatsTest, CountsOfATenantAreThoseOfAllSubscriptions) {
  EXPECT_EQ(Get().buckets_size(), 0);
  WriteLog();
  const v1::DeliveryStats stats = Get();
  EXPECT_EQ(stats.total().accepted_count(), 6);
  EXPECT_EQ(stats.total().delivered_count(), 2);
  EXPECT_EQ(stats.backlog().waiting_count(), 4);
  EXPECT_EQ(stats.backlog().oldest_waiting_time().seconds(),
            absl::ToUnixSeconds(kNoon));
}

TEST_F(GetDeliveryStatsTest, TopicsAddUpToTheTotal) {
  clock_.Set(kNoon + absl::Seconds(30));
  const auto deliver = [&](const std::string& topic, int failures) {
    Deliver(Accept(clock_.Now(), ObjectType::kAsset), failures,
            absl::Milliseconds(20), topic);
  };
  deliver("quiet", 0);
  deliver("busy", 3);
  v1::DeliveryStats stats = Get();
  ASSERT_EQ(stats.topics_size(), 2);
  EXPECT_EQ(stats.topics(0).topic(), "busy");
  EXPECT_EQ(stats.topics(0).counts().failed_attempt_count(), 3);
  EXPECT_EQ(stats.topics(0).counts().delivered_count(), 1);
  EXPECT_EQ(stats.topics(1).counts().attempt_count(), 1);
  EXPECT_FALSE(stats.has_other_topics());
  // One for each asset.
  for (int i = 0; i < 110; ++i) deliver(absl::StrCat("asset/", i), i % 2);
  stats = Get();
  EXPECT_EQ(stats.topics_size(), 100);
  int64_t attempts = stats.other_topics().attempt_count();
  int64_t delivered = stats.other_topics().delivered_count();
  EXPECT_EQ(delivered, 12);
  for (const auto& topic : stats.topics()) {
    attempts += topic.counts().attempt_count();
    delivered += topic.counts().delivered_count();
  }
  EXPECT_EQ(attempts, stats.total().attempt_count());
  EXPECT_EQ(delivered, stats.total().delivered_count());
  request_.set_granularity(v1::GetDeliveryStatsRequest::MINUTE);
  request_.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kNoon));
  request_.mutable_end_time()->set_seconds(absl::ToUnixSeconds(kNoon) + 60);
  stats = Get();
  EXPECT_EQ(stats.total().delivered_count(), 112);
  EXPECT_EQ(stats.topics_size(), 0);
  EXPECT_FALSE(stats.has_other_topics());
}

TEST_F(GetDeliveryStatsTest, BucketsAreAsLongAsAskedFor) {
  WriteLog();
  request_.set_granularity(v1::GetDeliveryStatsRequest::DAY);
  ASSERT_EQ(Get().buckets_size(), 1);
  EXPECT_EQ(Get().buckets(0).start_time().seconds(),
            absl::ToUnixSeconds(kNoon - absl::Hours(12)));
  request_.set_granularity(v1::GetDeliveryStatsRequest::MINUTE);
  request_.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kNoon));
  clock_.Set(kNoon + absl::Minutes(71));
  EXPECT_EQ(Get().buckets_size(), 3);
  request_.mutable_end_time()->set_seconds(absl::ToUnixSeconds(kNoon) + 60);
  EXPECT_EQ(Get().buckets_size(), 1);
}

TEST_F(GetDeliveryStatsTest, ShowsNoMoreThanTheTenantsHistory) {
  WriteLog();
  TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
  tenant.history_retention = absl::Hours(1);
  Put(tenant);
  EXPECT_EQ(Get().buckets_size(), 2);
  clock_.Set(kNoon + absl::Minutes(130));
  EXPECT_EQ(Get().buckets_size(), 1);
}

TEST_F(GetDeliveryStatsTest, SaysWhatIsWrong) {
  v1::GetDeliveryStatsRequest request;
  request.set_parent("tenants/acme/brokers/main");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
  request.set_parent("tenants/nobody");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kNotFound);
  request.set_parent("tenants/acme/subscriptions/nothing");
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kNotFound);
  request.set_parent("tenants/acme");
  request.set_granularity(v1::GetDeliveryStatsRequest::MINUTE);
  request.mutable_start_time()->set_seconds(1);
  EXPECT_EQ(CodeOf(request), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace mqttpush
