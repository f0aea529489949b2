// The real worker program and a broker that accepts every connection and, for
// as long as the test wants it, acknowledges nothing.
#include <algorithm>
#include <atomic>

#include "gtest/gtest.h"
#include "tests/support/scripted_broker.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kAckTimeout = absl::Milliseconds(500);
constexpr absl::Duration kLongAckTimeout = absl::Seconds(4);
constexpr absl::Duration kBackoffBase = absl::Milliseconds(5);
// Far longer than the first delays and the time that it takes to connect.
constexpr absl::Duration kGrown = absl::Milliseconds(600);

google::protobuf::Duration Proto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::ToInt64Seconds(duration));
  proto.set_nanos(absl::ToInt64Nanoseconds(duration % absl::Seconds(1)));
  return proto;
}

// The times for which next attempts were announced.
std::vector<absl::Time> NextTries(const WorkerSays& says) {
  std::vector<absl::Time> times;
  for (const wire::LinkStatus& status : says.statuses) {
    if (!status.has_next_connect_time()) continue;
    times.push_back(
        absl::FromUnixSeconds(status.next_connect_time().seconds()) +
        absl::Nanoseconds(status.next_connect_time().nanos()));
  }
  return times;
}

// Between two attempts lie the ack timeout and the delay.
bool HasGrown(const WorkerSays& says) {
  const std::vector<absl::Time> tries = NextTries(says);
  for (size_t i = 1; i < tries.size(); ++i) {
    if (tries[i] - tries[i - 1] > kAckTimeout + kGrown) return true;
  }
  return false;
}

int CountState(const WorkerSays& says, wire::LinkStatus::State state) {
  return std::count_if(
      says.statuses.begin(), says.statuses.end(),
      [state](const auto& status) { return status.state() == state; });
}

class WorkerStallTest : public WorkerTestBase {
 protected:
  // A link also looks well after an ack timeout with nothing to acknowledge,
  // so a test that must come before that takes a longer one.
  void Begin(absl::Duration ack_timeout = kAckTimeout) {
    wire::Configure settings = Settings(broker_.port());
    *settings.mutable_ack_timeout() = Proto(ack_timeout);
    *settings.mutable_connect_backoff_base() = Proto(kBackoffBase);
    *settings.mutable_connect_backoff_max() = Proto(absl::Seconds(3));
    plane_.Configure(settings);
  }

  // Sends a message over the next connection, on which it stalls.
  ::testing::AssertionResult Stall() {
    ++epoch_;
    auto connected = Await(HasEpoch(epoch_));
    if (!connected) return connected;
    plane_.Publish(epoch_, Messages(epoch_, epoch_, 1));
    return Await(HasResults(epoch_));
  }

  std::atomic<bool> acknowledges_ = false;
  ScriptedBroker broker_{
      [this](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type == 1) return ScriptedBroker::Connack3(0);
        if (packet.type != 3 || !acknowledges_) return "";
        return ScriptedBroker::Puback3(packet.packet_id());
      }};
  int64_t epoch_ = 0;
};

TEST_F(WorkerStallTest, IsCalledLessAndLessOftenAndNeverLooksWell) {
  Begin();
  ASSERT_TRUE(Stall());
  while (!HasGrown(plane_.Says()) && epoch_ < 30) ASSERT_TRUE(Stall());
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::STALLED)));
  const WorkerSays says = plane_.Says();
  EXPECT_TRUE(HasGrown(says)) << Transcript(plane_);
  // Before the first stall only.
  EXPECT_EQ(CountState(says, wire::LinkStatus::CONNECTED), 1)
      << Transcript(plane_);
  EXPECT_EQ(CountState(says, wire::LinkStatus::BACKING_OFF), 0);
  const auto first = std::find_if(
      says.statuses.begin(), says.statuses.end(), [](const auto& status) {
        return status.state() == wire::LinkStatus::STALLED;
      });
  const wire::LinkStatus& last = says.statuses.back();
  EXPECT_EQ(last.last_error(), "no acknowledgement within 500ms");
  EXPECT_EQ(last.since().ShortDebugString(), first->since().ShortDebugString());
}

TEST_F(WorkerStallTest, LooksWellAfterTheFirstAcknowledgement) {
  Begin(kLongAckTimeout);
  ASSERT_TRUE(Stall());
  acknowledges_ = true;
  ASSERT_TRUE(Await(HasEpoch(2)));
  EXPECT_EQ(plane_.Says().statuses.back().state(), wire::LinkStatus::STALLED);
  EXPECT_TRUE(plane_.Says().statuses.back().has_limits());
  plane_.Publish(2, Messages(2, 2, 1));
  ASSERT_TRUE(Await(HasState(wire::LinkStatus::CONNECTED)));
  ASSERT_TRUE(Await(HasResults(2)));
  EXPECT_EQ(plane_.Says().results.back().outcome(), wire::Result::SUCCEEDED);
}

TEST_F(WorkerStallTest, AWriteAtQos0ProvesNothingWhileAnAnswerIsAwaited) {
  Begin(kLongAckTimeout);
  ASSERT_TRUE(Stall());
  ASSERT_TRUE(Await(HasEpoch(2)));
  plane_.Publish(2, {Message(2, 1), Message(3, 0)});
  ASSERT_TRUE(Await(HasResults(3)));
  EXPECT_EQ(CountState(plane_.Says(), wire::LinkStatus::CONNECTED), 1)
      << Transcript(plane_);
}

TEST_F(WorkerStallTest, LooksWellWhenThereIsNothingToAcknowledge) {
  Begin();
  ASSERT_TRUE(Stall());
  ASSERT_TRUE(Await(HasEpoch(2)));
  EXPECT_TRUE(Await(HasState(wire::LinkStatus::CONNECTED)));
}

}  // namespace
}  // namespace mqttpush
