// GetDeliveryStats in process: a real gRPC server, log and stub.
#include <grpcpp/grpcpp.h>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "services/history/history_service.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/log/sqlite_stats_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/fake_delivery_status.h"
#include "tests/support/log_fixture.h"
#include "tests/support/rpc.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Time kNoon = absl::FromUnixSeconds(480'012 * 3600LL);

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(us_.load()); }
  void Set(absl::Time now) { us_ = absl::ToUnixMicros(now); }

 private:
  std::atomic<int64_t> us_{absl::ToUnixMicros(kNoon)};
};

class GetDeliveryStatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    Provision();
    log_ =
        *SqliteEventLog::Open(temp_.File("log"), {.segment_rows = 4}, &clock_);
    history_ = std::make_unique<SqliteHistoryReader>(log_.get());
    stats_ = std::make_unique<SqliteStatsReader>(log_.get());
    service_ = std::make_unique<HistoryService>(
        config_.get(),
        HistorySources{.history = history_.get(),
                       .stats = stats_.get(),
                       .log = log_.get()},
        &streams_, &status_, &clock_, nullptr);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
    request_.set_parent("tenants/acme");
  }
  void TearDown() override {
    server_->Shutdown();
    server_->Wait();
    service_.reset();
  }
  void Provision() {
    TenantRecord tenant;
    tenant.id = "acme";
    tenant_uid_ = Put(tenant);
    BrokerRecord broker;
    broker.id = "main";
    broker.tenant_uid = tenant_uid_;
    broker.host = "h";
    broker.client_id = "c";
    SubscriptionRecord subscription;
    subscription.broker_uid = Put(broker);
    subscription.tenant_uid = tenant_uid_;
    subscription.topic = "t";
    subscription.id = "first";
    first_uid_ = Put(subscription);
    subscription.id = "second";
    second_uid_ = Put(subscription);
  }
  template <typename Record>
  int64_t Put(const Record& record) {
    auto applied = config_->Apply(
        [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return ConfigChange{record};
        });
    EXPECT_TRUE(applied.ok()) << applied.status();
    return applied->uid;
  }

  // Accepted at `time` for both subscriptions.
  int64_t Accept(absl::Time time, ObjectType type) {
    clock_.Set(time);
    NewEvent event = MakeEvent(std::to_string(++last_seq_), {});
    event.tenant_uid = tenant_uid_;
    event.object_type = type;
    event.route = std::make_shared<const Route>(
        Route{{first_uid_, "first"}, {second_uid_, "second"}});
    EXPECT_TRUE(AppendAndWait(*log_, {event}).ok());
    return last_seq_;
  }
  // By the first subscription, after `failures`, so long after its acceptance.
  void Deliver(int64_t seq, int failures, absl::Duration latency) {
    DeliveryUpdate update = {.subscription_uid = first_uid_,
                             .cursor = seq,
                             .sent_through = seq,
                             .newly_delivered = 1};
    for (int i = 0; i <= failures; ++i) {
      update.attempts.push_back({.event_seq = seq,
                                 .subscription_uid = first_uid_,
                                 .number = i + 1,
                                 .start_time = clock_.Now(),
                                 .duration = latency,
                                 .topic = "t",
                                 .succeeded = i == failures});
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

  TempDir temp_;
  SetClock clock_;
  FakeDeliveryStatus status_;
  LiveStreams streams_{"StreamAttempts", 1};
  int64_t tenant_uid_ = 0, first_uid_ = 0, second_uid_ = 0, last_seq_ = 0;
  v1::GetDeliveryStatsRequest request_;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteHistoryReader> history_;
  std::unique_ptr<SqliteStatsReader> stats_;
  std::unique_ptr<HistoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::HistoryService::Stub> stub_;
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
