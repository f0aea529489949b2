#include "workers/worker/paho_inbox.h"

#include <memory>
#include <vector>

#include "common/steady_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// On the loop. A loss is -1.
class RecordingListener : public MqttClient::Listener {
 public:
  void OnConnected(const BrokerLimits&) override {}
  void OnConnectFailed(const ConnectFailure&) override {}
  void OnConnectionLost(const ConnectionLoss&) override { told.push_back(-1); }
  void OnPublished(int64_t id, PublishOutcome, absl::Duration) override {
    told.push_back(static_cast<int>(id));
  }
  void OnAcknowledged(int packet_id, const WireEvidence&) override {
    told.push_back(packet_id);
  }
  void OnDisconnected() override {}

  std::vector<int> told;
};

class PahoInboxTest : public ::testing::Test {
 protected:
  PahoInboxTest() {
    OnLoop([&] {
      inbox_->SetListener(&listener_);
      inbox_->SetGeneration(1, "");
    });
  }
  ~PahoInboxTest() override { loop_.Stop(); }

  void OnLoop(EventLoop::Task task) { loop_.RunAndWait(std::move(task)); }
  void Acknowledge(int packet_id) {
    inbox_->Put(1, AcknowledgedNote{packet_id, {}});
  }
  // After what is posted by now has run.
  std::vector<int> Told() {
    std::vector<int> told;
    OnLoop([&] { told = listener_.told; });
    return told;
  }
  void AwaitEnds(int count) {
    OnLoop([&, count] { inbox_->AwaitEnds(count); });
  }
  std::vector<int> WaitUntilTold(size_t count) {
    const absl::Duration deadline = SteadyNow() + absl::Seconds(30);
    while (Told().size() < count && SteadyNow() < deadline) {
    }
    return Told();
  }

  EventLoop loop_;
  RecordingListener listener_;
  std::shared_ptr<PahoInbox> inbox_ = std::make_shared<PahoInbox>(&loop_);
};

TEST_F(PahoInboxTest, TellsEachEndAtOnceWhenNoMoreAreAwaited) {
  Acknowledge(1);
  EXPECT_THAT(Told(), ElementsAre(1));
  AwaitEnds(1);
  Acknowledge(2);
  EXPECT_THAT(Told(), ElementsAre(1, 2));
}

TEST_F(PahoInboxTest, TellsEndsWhenAsManyAsWereAwaitedHaveCome) {
  // All in one round of the loop, so that its timer has no part in it.
  OnLoop([&] {
    inbox_->AwaitEnds(3);
    Acknowledge(1);
    inbox_->Put(1, PublishedNote{2, PublishOutcome::kWritten, {}});
    loop_.Post([&] { EXPECT_THAT(listener_.told, IsEmpty()); });
  });
  OnLoop([&] { Acknowledge(3); });
  EXPECT_THAT(Told(), ElementsAre(1, 2, 3));
}

TEST_F(PahoInboxTest, TellsEndsAfterAWhileThoughMoreAreAwaited) {
  AwaitEnds(100);
  Acknowledge(1);
  EXPECT_THAT(WaitUntilTold(1), ElementsAre(1));
  // And the next one at once, as nobody has said that it can wait.
  Acknowledge(2);
  EXPECT_THAT(Told(), ElementsAre(1, 2));
}

TEST_F(PahoInboxTest, TellsAtOnceWhatCameBeforeItWasAwaited) {
  OnLoop([&] {
    inbox_->AwaitEnds(100);
    Acknowledge(1);
    Acknowledge(2);
    inbox_->AwaitEnds(2);
  });
  EXPECT_THAT(Told(), ElementsAre(1, 2));
}

TEST_F(PahoInboxTest, OtherNewsCannotWait) {
  OnLoop([&] {
    inbox_->AwaitEnds(100);
    Acknowledge(1);
    inbox_->Put(1, LostNote{});
  });
  EXPECT_THAT(Told(), ElementsAre(1, -1));
}

TEST_F(PahoInboxTest, AFailedWriteCannotWait) {
  OnLoop([&] {
    inbox_->AwaitEnds(100);
    inbox_->Put(1, PublishedNote{7, PublishOutcome::kPoisoned, {}});
  });
  EXPECT_THAT(Told(), ElementsAre(7));
}

TEST_F(PahoInboxTest, DropsNewsOfAnEarlierConnection) {
  OnLoop([&] { inbox_->SetGeneration(2, ""); });
  Acknowledge(1);
  inbox_->Put(1, LostNote{});
  EXPECT_THAT(Told(), IsEmpty());
}

}  // namespace
}  // namespace mqttpush
