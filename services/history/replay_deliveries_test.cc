// Replays in process: a real gRPC server, log, store and runner.
#include <thread>

#include "gmock/gmock.h"
#include "services/history/replay_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kParkedOnes[] = "filter { topic: 't' } max_per_second: 1000";
// One after the other.
constexpr char kSlowly[] = "filter { topic: 't' } max_per_second: 1";

class ReplayDeliveriesTest : public ReplayFixture {
 protected:
  // From, to and steps of seqs.
  static std::vector<int64_t> Seqs(int64_t from, int64_t to, int64_t step) {
    std::vector<int64_t> seqs;
    for (int64_t seq = from; seq <= to; seq += step) seqs.push_back(seq);
    return seqs;
  }
  v1::ListReplaysResponse List(int page_size, const std::string& token) {
    v1::ListReplaysRequest request;
    request.set_parent("tenants/acme");
    request.set_page_size(page_size);
    request.set_page_token(token);
    const auto page =
        Call<v1::ListReplaysResponse>([&](auto* context, auto* response) {
          return stub_->ListReplays(context, request, response);
        });
    EXPECT_TRUE(page.ok()) << page.status();
    return page.value_or(v1::ListReplaysResponse());
  }
};

TEST_F(ReplayDeliveriesTest, ParkedOnesAreSentAgainOldestFirst) {
  const v1::Replay replay = Begin(kParkedOnes);
  EXPECT_EQ(replay.state(), v1::Replay::RUNNING);
  EXPECT_THAT(replay.states(), ElementsAre(v1::Delivery::PARKED));
  EXPECT_EQ(replay.filter().topic(), "t");
  EXPECT_EQ(replay.matched_count(), 30);
  EXPECT_GT(replay.matched_bytes(), 0);
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count(), 30);
  EXPECT_EQ(ended.skipped_count(), 0);
  EXPECT_EQ(ended.error(), "");
  EXPECT_EQ(dispatch_->taken(), Seqs(2, 60, 2));
}

TEST_F(ReplayDeliveriesTest, FilterAndStatesNarrowIt) {
  WaitForEnd(Begin(R"(filter { asset_id: 'asset-3' } max_per_second: 1000
                      states: [DELIVERED, PARKED])")
                 .name());
  EXPECT_EQ(dispatch_->taken(), Seqs(3, 60, 3));
}

TEST_F(ReplayDeliveriesTest, APreviewCountsAndDoesNothing) {
  const v1::Replay all = Begin(
      "filter { topic: 't' } states: [PARKED, DELIVERED] validate_only: true");
  EXPECT_EQ(all.name(), "");
  EXPECT_EQ(all.state(), v1::Replay::STATE_UNSPECIFIED);
  EXPECT_EQ(all.matched_count(), kEvents);
  int64_t bytes = 0;
  for (int seq = 1; seq <= kEvents; ++seq) {
    bytes += absl::StrCat("{\"id\":\"event-", seq, "\"}").size();
  }
  EXPECT_EQ(all.matched_bytes(), bytes);
  EXPECT_EQ(
      Begin("filter { asset_id: 'no' } validate_only: true").matched_count(),
      0);
  EXPECT_THAT(List(0, "").replays(), IsEmpty());
  EXPECT_THAT(dispatch_->taken(), IsEmpty());
}

TEST_F(ReplayDeliveriesTest, WhatCannotBeDoneIsRefused) {
  EXPECT_THAT(Replay("filter { asset_id: 'no' }").status().message(),
              HasSubstr("no delivery of tenants/acme"));
  EXPECT_TRUE(absl::IsInvalidArgument(Replay("").status()));
  for (int i = 0; i < 4; ++i) Begin(kSlowly);
  EXPECT_TRUE(absl::IsResourceExhausted(Replay(kSlowly).status()));
  EXPECT_TRUE(absl::IsNotFound(Get("tenants/acme/replays/99").status()));
  EXPECT_TRUE(absl::IsNotFound(Cancel("tenants/acme/replays/99").status()));
}

// Nor does what it sent again itself, when that is parked once more.
TEST_F(ReplayDeliveriesTest, WhatEndsLaterDoesNotBelong) {
  absl::Status waits = absl::ResourceExhaustedError("full");
  dispatch_->AnswerBy(
      [&](int64_t seq) { return seq == 10 ? waits : absl::OkStatus(); });
  const v1::Replay replay = Begin(kParkedOnes);
  WaitFor(replay.name(), [](auto& now) { return now.error() != ""; });
  for (int64_t seq : {2, 4, 10, 50}) EndDelivery(seq, Clock::Real()->Now());
  dispatch_->AnswerBy(nullptr);
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.requested_count(), 28);
  EXPECT_EQ(ended.skipped_count(), 2);
  std::vector<int64_t> taken = dispatch_->taken();
  std::sort(taken.begin(), taken.end());
  std::vector<int64_t> expected = Seqs(2, 60, 2);
  std::erase_if(expected, [](int64_t seq) { return seq == 10 || seq == 50; });
  EXPECT_EQ(taken, expected);
}

TEST_F(ReplayDeliveriesTest, WaitsForRoomAndSaysSo) {
  dispatch_->AnswerBy([](int64_t seq) {
    return seq > 20 ? absl::ResourceExhaustedError("too many")
                    : absl::OkStatus();
  });
  const v1::Replay replay = Begin(kParkedOnes);
  const v1::Replay waiting =
      WaitFor(replay.name(), [](auto& now) { return now.error() != ""; });
  EXPECT_EQ(waiting.state(), v1::Replay::RUNNING);
  EXPECT_EQ(waiting.error(),
            "it waits at tenants/acme/subscriptions/sub: too many");
  EXPECT_EQ(waiting.requested_count(), 10);
  dispatch_->AnswerBy(nullptr);
  EXPECT_EQ(WaitForEnd(replay.name()).requested_count(), 30);
  EXPECT_EQ(dispatch_->taken(), Seqs(2, 60, 2));
}

TEST_F(ReplayDeliveriesTest, WhatHasChangedIsSkipped) {
  dispatch_->AnswerBy([](int64_t seq) -> absl::Status {
    if (seq == 6) return absl::AbortedError("it has not ended");
    if (seq == 8) return absl::NotFoundError("gone");
    return absl::OkStatus();
  });
  const v1::Replay ended = WaitForEnd(Begin(kParkedOnes).name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count(), 28);
  EXPECT_EQ(ended.skipped_count(), 2);
}

TEST_F(ReplayDeliveriesTest, CancelStopsItForGood) {
  const v1::Replay replay = Begin(kSlowly);
  WaitFor(replay.name(), [](auto& now) { return now.requested_count() > 0; });
  const auto cancelled = Cancel(replay.name());
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Replay::CANCELLED);
  EXPECT_TRUE(cancelled->has_end_time());
  StopService();
  StartService();
  EXPECT_EQ(Get(replay.name())->state(), v1::Replay::CANCELLED);
  EXPECT_LT(dispatch_->taken().size(), 5u);
  EXPECT_EQ(Cancel(replay.name())->state(), v1::Replay::CANCELLED);
  EXPECT_EQ(Get(replay.name())->requested_count(),
            static_cast<int64_t>(dispatch_->taken().size()));
}

TEST_F(ReplayDeliveriesTest, GoesOnAfterARestartAndRequestsEachOnce) {
  const v1::Replay replay = Begin("filter { topic: 't' } max_per_second: 100");
  for (int64_t count : {1, 11, 21}) {
    WaitFor(replay.name(),
            [&](auto& now) { return now.requested_count() >= count; });
    StopService();
    StartService();
  }
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count(), 30);
  EXPECT_EQ(ended.skipped_count(), 0);
  EXPECT_EQ(dispatch_->taken(), Seqs(2, 60, 2));
}

TEST_F(ReplayDeliveriesTest, FailsWithoutTheSubscriptionOfItsFilter) {
  const v1::Replay replay = Begin(R"(
    filter { subscription: 'tenants/acme/subscriptions/sub' }
    max_per_second: 1)");
  Apply({ConfigChange::DeleteSubscription{subscription_uid_}});
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.state(), v1::Replay::FAILED);
  EXPECT_EQ(ended.error(), "its subscription was deleted");
  EXPECT_EQ(ended.filter().subscription(), "tenants/acme/subscriptions/sub");
}

TEST_F(ReplayDeliveriesTest, ListsNewestFirstByPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    names.insert(names.begin(), Begin(kSlowly).name());
  }
  const v1::ListReplaysResponse first = List(2, "");
  ASSERT_EQ(first.replays_size(), 2);
  EXPECT_EQ(first.replays(0).name(), names[0]);
  EXPECT_EQ(first.replays(1).name(), names[1]);
  const v1::ListReplaysResponse second = List(2, first.next_page_token());
  ASSERT_EQ(second.replays_size(), 1);
  EXPECT_EQ(second.replays(0).name(), names[2]);
  EXPECT_EQ(second.next_page_token(), "");
}

// More counts than the service has threads for the history.
TEST_F(ReplayDeliveriesTest, LongCountsLeaveRoomForOthersAndCanBeCancelled) {
  constexpr int kCounts = 6;
  history_->endless = true;
  v1::ReplayDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.mutable_filter()->set_topic("t");
  grpc::ClientContext contexts[kCounts];
  std::vector<std::thread> calls;
  for (grpc::ClientContext& context : contexts) {
    calls.emplace_back([&] {
      v1::Replay replay;
      EXPECT_EQ(
          stub_->ReplayDeliveries(&context, request, &replay).error_code(),
          grpc::StatusCode::CANCELLED);
    });
  }
  EXPECT_TRUE(WaitUntil(kPatience, [&] { return history_->walks > 50; }));
  EXPECT_TRUE(absl::IsNotFound(Get("tenants/acme/replays/99").status()));
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (std::thread& call : calls) call.join();
  EXPECT_THAT(List(0, "").replays(), IsEmpty());
  StopService();  // waits for the end of the counts
  StartService();
}

// Its caller would not learn of the replay, and may ask again.
TEST_F(ReplayDeliveriesTest, ACallThatIsCancelledInItsLastStepBeginsNothing) {
  v1::ReplayDeliveriesRequest request;
  request.set_parent("tenants/acme");
  request.mutable_filter()->set_topic("t");
  grpc::ClientContext context;
  history_->after_walk = [&] {
    context.TryCancel();
    EXPECT_TRUE(WaitUntil(kPatience, [&] { return ends_ == 1; }));
  };
  v1::Replay replay;
  EXPECT_EQ(stub_->ReplayDeliveries(&context, request, &replay).error_code(),
            grpc::StatusCode::CANCELLED);
  StopService();  // waits for the end of the count
  history_->after_walk = nullptr;
  StartService();
  EXPECT_THAT(List(0, "").replays(), IsEmpty());
}

// One WatchReplay call.
class WatchCall {
 public:
  WatchCall(v1::HistoryService::Stub& stub, const std::string& name) {
    v1::WatchReplayRequest request;
    request.set_name(name);
    reader_ = stub.WatchReplay(&context_, request);
  }
  bool Read() { return reader_->Read(&replay_); }
  grpc::Status Finish() {
    while (Read()) {
    }
    return reader_->Finish();
  }
  const v1::Replay& replay() const { return replay_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Replay>> reader_;
  v1::Replay replay_;
};

TEST_F(ReplayDeliveriesTest, WhoWatchesSeesItsBeginAndItsEnd) {
  dispatch_->AnswerBy([](int64_t) { return absl::UnavailableError("no log"); });
  const v1::Replay replay = Begin(kParkedOnes);
  WatchCall watch(*stub_, replay.name());
  ASSERT_TRUE(watch.Read());
  EXPECT_EQ(watch.replay().state(), v1::Replay::RUNNING);
  while (watch.replay().error().empty()) ASSERT_TRUE(watch.Read());
  EXPECT_THAT(watch.replay().error(), HasSubstr("no log"));
  dispatch_->AnswerBy(nullptr);
  EXPECT_TRUE(watch.Finish().ok());
  EXPECT_EQ(watch.replay().state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(watch.replay().requested_count(), 30);

  WatchCall late(*stub_, replay.name());
  EXPECT_TRUE(late.Finish().ok());
  EXPECT_EQ(late.replay().state(), v1::Replay::SUCCEEDED);
}

TEST_F(ReplayDeliveriesTest, WatchesAreBoundedAndEndWithCancelAndService) {
  const v1::Replay replay = Begin(kSlowly);
  const v1::Replay other = Begin(kSlowly);
  WatchCall first(*stub_, replay.name());
  WatchCall second(*stub_, other.name());
  ASSERT_TRUE(first.Read());
  ASSERT_TRUE(second.Read());
  EXPECT_EQ(WatchCall(*stub_, replay.name()).Finish().error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(Cancel(replay.name()).ok());
  EXPECT_TRUE(first.Finish().ok());
  EXPECT_EQ(first.replay().state(), v1::Replay::CANCELLED);
  watchers_->EndAll();
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ReplayDeliveriesTest, ReplaysGoWithTheirTenant) {
  const v1::Replay replay = Begin(kSlowly);
  WatchCall watch(*stub_, replay.name());
  ASSERT_TRUE(watch.Read());
  Apply({ConfigChange::DeleteTenant{tenant_uid_, true}});
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(absl::IsNotFound(Get(replay.name()).status()));
  EXPECT_LT(dispatch_->taken().size(), 5u);
}

}  // namespace
}  // namespace mqttpush
