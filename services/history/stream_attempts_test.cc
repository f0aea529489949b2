// StreamAttempts in process: a real gRPC server, log and stub.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "services/history/history_service.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/rpc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kStreams = 3;

class IdleStatus : public DeliveryStatus {
 public:
  LinkStatus GetLink(int64_t) const override { return {}; }
  std::vector<int64_t> ListInFlight(int64_t) const override { return {}; }
  std::string GetIncompatibility(int64_t) const override { return ""; }
};

// The real one, or later.
class LaterClock : public Clock {
 public:
  absl::Time Now() const override {
    return Clock::Now() + absl::Hours(hours.load());
  }
  std::atomic<int> hours{0};
};

// Counts what is read for streams.
class CountingHistory : public SqliteHistoryReader {
 public:
  using SqliteHistoryReader::SqliteHistoryReader;
  absl::StatusOr<std::unique_ptr<AttemptFollower>> FollowAttempts(
      const HistoryQuery& query, std::optional<bool> succeeded,
      std::optional<int64_t> after, bool live) override {
    auto follower =
        SqliteHistoryReader::FollowAttempts(query, succeeded, after, live);
    if (!follower.ok()) return follower.status();
    return std::make_unique<Counting>(*std::move(follower), &rows);
  }
  std::atomic<int> rows{0};

 private:
  class Counting : public AttemptFollower {
   public:
    Counting(std::unique_ptr<AttemptFollower> follower, std::atomic<int>* rows)
        : follower_(std::move(follower)), rows_(rows) {}
    absl::StatusOr<FollowedAttempts> Next(int limit) override {
      auto next = follower_->Next(limit);
      if (next.ok()) *rows_ += static_cast<int>(next->rows.size());
      return next;
    }

   private:
    const std::unique_ptr<AttemptFollower> follower_;
    std::atomic<int>* const rows_;
  };
};

// One call, as a client sees it.
class StreamCall {
 public:
  StreamCall(v1::HistoryService::Stub& stub,
             const v1::StreamAttemptsRequest& request)
      : reader_(stub.StreamAttempts(&context_, request)) {}

  // False at the end of the call.
  bool Read() {
    if (!reader_->Read(&response_)) return false;
    for (const v1::Attempt& attempt : response_.attempts()) {
      names_.push_back(attempt.name());
    }
    return true;
  }
  // Reads until a response says that there is no more.
  void ReadToEnd() {
    while (Read() && response_.attempts_size() > 0) {
    }
  }
  void ReadSoMany(size_t count) {
    while (names_.size() < count && Read()) {
    }
  }
  grpc::Status Finish() {
    while (Read()) {
    }
    return reader_->Finish();
  }
  void Cancel() { context_.TryCancel(); }

  const v1::StreamAttemptsResponse& response() const { return response_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamAttemptsResponse>> reader_;
  v1::StreamAttemptsResponse response_;
  std::vector<std::string> names_;
};

class StreamAttemptsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    Provision();
    StartService();
    request_.set_parent("tenants/acme");
  }
  void TearDown() override { StopService(); }

  // Segments of few rows, so that most tests go over several.
  void StartService() {
    streams_ = std::make_unique<LiveStreams>("StreamAttempts", kStreams);
    log_ = *SqliteEventLog::Open(
        temp_.File(log_folder_),
        {.segment_rows = 50, .retention = absl::Hours(24)}, &clock_);
    log_->SetAttemptListener([this](const std::vector<int64_t>& tenants) {
      streams_->Wake(tenants);
    });
    history_ = std::make_unique<CountingHistory>(log_.get());
    service_ = std::make_unique<HistoryService>(
        config_.get(), HistorySources{.history = history_.get()},
        streams_.get(), &status_, &clock_, nullptr);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
  }
  // As the server does.
  void StopService() {
    streams_->EndAll();
    server_->Shutdown(DeadlineAfter(absl::ZeroDuration()));
    server_->Wait();
    service_.reset();
    log_.reset();
  }
  void Provision() {
    TenantRecord tenant;
    tenant.id = "acme";
    tenant_uid_ = Put(tenant);
    tenant.id = "other";
    other_tenant_uid_ = Put(tenant);
    BrokerRecord broker;
    broker.id = "main";
    broker.tenant_uid = tenant_uid_;
    broker.host = "h";
    broker.client_id = "c";
    SubscriptionRecord subscription;
    subscription.broker_uid = Put(broker);
    subscription.tenant_uid = tenant_uid_;
    subscription.topic = "t";
    subscription.id = "sub";
    uid_ = Put(subscription);
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

  // An event of both subscriptions; its seq.
  int64_t Append(const std::string& id, const std::string& asset = "asset-1") {
    NewEvent event = MakeEvent(id, {});
    event.tenant_uid = tenant_uid_;
    event.asset_id = asset;
    event.route = std::make_shared<const Route>(
        Route{{uid_, "sub"}, {second_uid_, "second"}});
    EXPECT_TRUE(AppendAndWait(*log_, {event}).ok());
    return ++last_seq_;
  }
  AttemptRecord Attempt(int64_t seq, int number) const {
    return {.event_seq = seq,
            .subscription_uid = uid_,
            .number = number,
            .start_time = clock_.Now(),
            .topic = "t",
            .succeeded = true};
  }
  void Record(AttemptRecord attempt) {
    names_.push_back(absl::StrCat("tenants/acme/deliveries/", attempt.event_seq,
                                  "-", attempt.subscription_uid, "/attempts/",
                                  attempt.number));
    DeliveryUpdate update = {.subscription_uid = attempt.subscription_uid,
                             .cursor = cursor_,
                             .sent_through = cursor_};
    update.attempts = {std::move(attempt)};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  // Attempts of one event, numbered from 1.
  void RecordMany(int count) {
    const int64_t seq = Append("many");
    for (int number = 1; number <= count; ++number) {
      Record(Attempt(seq, number));
    }
  }
  std::vector<std::string> NamesOf(const v1::StreamAttemptsRequest& request) {
    v1::StreamAttemptsRequest ends = request;
    ends.set_live(false);
    StreamCall call(*stub_, ends);
    const grpc::Status status = call.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return call.names();
  }
  grpc::Status StatusOf(const v1::StreamAttemptsRequest& request) {
    return StreamCall(*stub_, request).Finish();
  }
  std::vector<std::string> Names(std::vector<int> indexes) const {
    std::vector<std::string> names;
    for (int i : indexes) names.push_back(names_[i]);
    return names;
  }
  static std::vector<std::string> ViolatedFields(const grpc::Status& status) {
    google::rpc::Status details;
    details.ParseFromString(status.error_details());
    std::vector<std::string> fields;
    for (const auto& detail : details.details()) {
      google::rpc::BadRequest bad;
      if (!detail.UnpackTo(&bad)) continue;
      for (const auto& violation : bad.field_violations()) {
        fields.push_back(violation.field());
      }
    }
    return fields;
  }

  TempDir temp_;
  std::string log_folder_ = "log";
  LaterClock clock_;
  IdleStatus status_;
  int64_t tenant_uid_ = 0, other_tenant_uid_ = 0, uid_ = 0, second_uid_ = 0;
  int64_t last_seq_ = 0;
  int64_t cursor_ = 0;              // that Record leaves
  std::vector<std::string> names_;  // of all attempts, as they were recorded
  v1::StreamAttemptsRequest request_;
  std::unique_ptr<LiveStreams> streams_;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<CountingHistory> history_;
  std::unique_ptr<HistoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::HistoryService::Stub> stub_;
};

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

TEST_F(StreamAttemptsTest, CutAndResumed100TimesGivesEachExactlyOnce) {
  constexpr int kAttempts = 12'000;
  const int64_t seq = Append("a");
  std::thread writer([&] {
    for (int number = 1; number <= kAttempts;) {
      DeliveryUpdate update = {.subscription_uid = uid_};
      for (int i = 0; i < 40 && number <= kAttempts; ++i, ++number) {
        update.attempts.push_back(Attempt(seq, number));
      }
      ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    }
  });
  std::vector<std::string> names;
  int cuts = 0;
  while (names.size() < kAttempts) {
    StreamCall call(*stub_, request_);
    // One response of each call counts, and whatever else was on its way is
    // lost with the connection.
    while (call.Read() && call.names().empty()) {
    }
    EXPECT_FALSE(call.names().empty());
    if (call.names().empty()) break;
    names.insert(names.end(), call.names().begin(), call.names().end());
    request_.set_resume_token(call.response().resume_token());
    call.Cancel();
    call.Finish();
    ++cuts;
    // The service hears of it later.
    EXPECT_TRUE(WaitUntil(kPatience, [&] { return streams_->count() == 0; }));
  }
  writer.join();
  EXPECT_GE(cuts, 100);
  std::vector<std::string> expected;
  for (int number = 1; number <= kAttempts; ++number) {
    expected.push_back(absl::StrCat("tenants/acme/deliveries/", seq, "-", uid_,
                                    "/attempts/", number));
  }
  EXPECT_EQ(names, expected);
}

TEST_F(StreamAttemptsTest, ResumesOverARestart) {
  RecordMany(130);
  size_t read = 0;
  {
    StreamCall call(*stub_, request_);
    ASSERT_TRUE(call.Read());
    read = call.names().size();
    EXPECT_GT(read, 0u);
    EXPECT_LT(read, names_.size());
    request_.set_resume_token(call.response().resume_token());
    StopService();
  }
  StartService();
  EXPECT_EQ(NamesOf(request_),
            std::vector<std::string>(names_.begin() + read, names_.end()));
}

TEST_F(StreamAttemptsTest, ASlowReaderHoldsOneResponseAndNobodyUp) {
  RecordMany(1000);
  StreamCall slow(*stub_, request_);
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return history_->rows > 0; }));
  // Others are served meanwhile, and the log is written.
  EXPECT_EQ(NamesOf(request_), names_);
  Record(Attempt(1, 1001));
  EXPECT_LE(history_->rows - 1000, 2 * limits::kMaxAttemptsPerResponse);
  slow.ReadToEnd();
  EXPECT_EQ(slow.names(), names_);
  slow.Cancel();
}

TEST_F(StreamAttemptsTest, WhoIsGoneMakesRoom) {
  RecordMany(300);
  std::vector<std::unique_ptr<StreamCall>> calls;
  for (int i = 0; i < kStreams; ++i) {
    calls.push_back(std::make_unique<StreamCall>(*stub_, request_));
    // One waits for more, the others have not read what there is.
    if (i == 0) {
      calls.back()->ReadToEnd();
    } else {
      ASSERT_TRUE(calls.back()->Read());
    }
  }
  const grpc::Status full = StatusOf(request_);
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(full.error_message(), ::testing::HasSubstr("StreamAttempts"));
  for (auto& call : calls) call->Cancel();
  EXPECT_TRUE(WaitUntil(kPatience, [&] { return streams_->count() == 0; }));
  EXPECT_EQ(NamesOf(request_), names_);
}

TEST_F(StreamAttemptsTest, EndsAtOnceWhenTheServiceStops) {
  RecordMany(3);
  StreamCall call(*stub_, request_);
  call.ReadToEnd();
  streams_->EndAll();
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(StatusOf(request_).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(StreamAttemptsTest, SaysWhatRetentionLeftOut) {
  const int64_t seq = Append("a");
  Record(Attempt(seq, 1));
  StreamCall cut(*stub_, request_);
  cut.ReadToEnd();
  request_.set_resume_token(cut.response().resume_token());
  cut.Cancel();
  for (int number = 2; number <= 120; ++number) Record(Attempt(seq, number));
  log_->WaitUntilSealed();
  // Without an event that waits they may be dropped, after a commit.
  DeliveryUpdate delivered = {.subscription_uid = uid_,
                              .cursor = seq,
                              .sent_through = seq,
                              .newly_delivered = 1};
  DeliveryUpdate also = delivered;
  also.subscription_uid = second_uid_;
  ASSERT_TRUE(CommitAndWait(*log_, {delivered, also}).ok());
  cursor_ = seq;
  int number = 120;
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    clock_.hours += 48;
    Record(Attempt(seq, ++number));
    return log_->store()->list().Get()->front()->number > 2;
  }));
  StreamCall late(*stub_, request_);
  ASSERT_TRUE(late.Read());
  EXPECT_TRUE(late.response().gap());
  late.ReadToEnd();
  EXPECT_FALSE(late.response().gap());
  EXPECT_EQ(late.names().back(), names_.back());
  EXPECT_LT(late.names().size(), 119u);
  late.Cancel();
}

TEST_F(StreamAttemptsTest, ShowsNoMoreThanTheTenantsHistory) {
  RecordMany(3);
  TenantRecord tenant = *config_->Snapshot()->FindTenant("acme");
  tenant.history_retention = absl::Hours(2);
  Put(tenant);
  EXPECT_EQ(NamesOf(request_), names_);
  clock_.hours = 3;
  EXPECT_THAT(NamesOf(request_), IsEmpty());
}

TEST_F(StreamAttemptsTest, NamesAllBrokenRulesAtOnce) {
  request_.mutable_since()->set_seconds(-1);
  request_.set_outcome(static_cast<v1::Attempt::Outcome>(9));
  auto& filter = *request_.mutable_filter();
  filter.mutable_end_time()->set_seconds(10);
  filter.set_object_type(static_cast<v1::ObjectType>(77));
  EXPECT_THAT(ViolatedFields(StatusOf(request_)),
              ::testing::UnorderedElementsAre(
                  "since", "outcome", "filter.end_time", "filter.object_type"));
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

TEST_F(StreamAttemptsTest, RefusesATokenThatIsNotOfThisStream) {
  RecordMany(3);
  StreamCall call(*stub_, request_);
  call.ReadToEnd();
  call.Cancel();
  v1::StreamAttemptsRequest resumed = request_;
  resumed.set_resume_token("nonsense");
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
  resumed.set_resume_token(call.response().resume_token());
  resumed.mutable_filter()->set_topic("t");
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
  // Of a log that was since restored from an older backup.
  StopService();
  log_folder_ = "restored";
  StartService();
  resumed.mutable_filter()->clear_topic();
  EXPECT_THAT(ViolatedFields(StatusOf(resumed)), ElementsAre("resume_token"));
}

}  // namespace
}  // namespace mqttpush
