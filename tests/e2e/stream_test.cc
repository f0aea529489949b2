// Attempts of a real worker as they are recorded: followed over segments,
// restarts and cuts, each exactly once.
#include <grpcpp/grpcpp.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

class StreamTest : public E2eTest {
 protected:
  void SetUp() override {
    // The smallest that may be set.
    StartService({{"MQTTPUSH_SEGMENT_ROWS", "1000"},
                  {"MQTTPUSH_CONNECT_BACKOFF_BASE", "50ms"}});
    mosquitto_ = StartMosquitto();
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
    request_.set_parent(kTenant);
  }

  // Follows, from where it was, until `count` attempts have come in all.
  void FollowUntil(size_t count) {
    grpc::ClientContext context;
    context.set_deadline(DeadlineAfter(kPatience));
    auto reader = service_->history().StreamAttempts(&context, request_);
    v1::StreamAttemptsResponse response;
    while (names_.size() < count && reader->Read(&response)) {
      EXPECT_FALSE(response.gap());
      for (const v1::Attempt& attempt : response.attempts()) {
        names_.push_back(attempt.name());
      }
      request_.set_resume_token(response.resume_token());
    }
    context.TryCancel();
    reader->Finish();
    EXPECT_GE(names_.size(), count);
  }
  std::set<std::string> NamesOfHistory() {
    std::set<std::string> names;
    for (const auto& [delivery, attempts] : HistoryOf().attempts) {
      for (const v1::Attempt& attempt : attempts) names.insert(attempt.name());
    }
    return names;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  v1::StreamAttemptsRequest request_;
  std::vector<std::string> names_;  // as they came
};

TEST_F(StreamTest, EachComesOnceOverSegmentsCutsAndRestarts) {
  auto producer = StartLoad();
  ASSERT_TRUE(producer->WaitForAccepted(500));
  for (size_t count = 100; count <= 1500; count += 100) FollowUntil(count);
  ASSERT_OK(producer->Stop());
  WaitUntilDelivered();
  ASSERT_OK(service_->Stop());
  ASSERT_OK(service_->Restart());
  WaitForLink(v1::Link::CONNECTED);
  Publish({LocationEvent("after-the-restart", kOwner, 1)});
  WaitUntilDelivered();

  const std::set<std::string> expected = NamesOfHistory();
  FollowUntil(expected.size());

  EXPECT_EQ(names_.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(names_.begin(), names_.end()), expected);
}

TEST_F(StreamTest, StatisticsSayTheSameAsTheAttempts) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 20; ++i) {
    events.push_back(LocationEvent(absl::StrCat("e", i), kOwner, i));
  }
  Publish(events);
  WaitUntilDelivered();
  v1::GetDeliveryStatsRequest request;
  request.set_parent(kSubscription);
  const auto stats =
      Call<v1::DeliveryStats>([&](auto* context, auto* response) {
        return service_->history().GetDeliveryStats(context, request, response);
      });
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->total().accepted_count(), 20);
  EXPECT_EQ(stats->total().delivered_count(), 20);
  EXPECT_EQ(stats->total().attempt_count(),
            static_cast<int64_t>(NamesOfHistory().size()));
  EXPECT_TRUE(stats->total().latency().has_p50());
  EXPECT_EQ(stats->backlog().waiting_count(), 0);
}

}  // namespace
}  // namespace mqttpush
