#include "workers/supervisor/connect_governor.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHost[] = "mqtt.example.com";
constexpr absl::Duration kStart = absl::Hours(1000);

class ConnectGovernorTest : public ::testing::Test {
 protected:
  void Add(int64_t from, int64_t to, const std::string& host = kHost,
           int port = 1883) {
    for (int64_t id = from; id <= to; ++id) governor_.Add(id, host, port);
  }
  std::vector<int64_t> TakeAt(absl::Duration time) {
    return governor_.TakeDue(kStart + time);
  }
  absl::Duration NextAt(absl::Duration time) {
    return governor_.NextDelay(kStart + time);
  }

  ConnectGovernor governor_{10};
};

TEST_F(ConnectGovernorTest, LetsABurstThroughAndThenOneByOne) {
  Add(1, 8);
  struct Step {
    absl::Duration time;
    std::vector<int64_t> due;
    absl::Duration next;
  };
  const Step kTable[] = {
      {absl::ZeroDuration(), {1, 2, 3, 4, 5}, absl::Milliseconds(100)},
      {absl::Milliseconds(40), {}, absl::Milliseconds(60)},
      {absl::Milliseconds(100), {6}, absl::Milliseconds(100)},
      {absl::Milliseconds(199), {}, absl::Milliseconds(1)},
      // Called late, it makes up for it, but not for more than a burst.
      {absl::Milliseconds(300), {7, 8}, absl::InfiniteDuration()},
  };
  for (const Step& step : kTable) {
    SCOPED_TRACE(absl::FormatDuration(step.time));
    EXPECT_EQ(TakeAt(step.time), step.due);
    EXPECT_EQ(NextAt(step.time), step.next);
  }
}

TEST_F(ConnectGovernorTest, NoSecondSeesMoreThanBurstAndRate) {
  Add(1, 500);
  std::vector<absl::Duration> calls;
  for (absl::Duration now = kStart; calls.size() < 500;
       now += governor_.NextDelay(now)) {
    calls.insert(calls.end(), governor_.TakeDue(now).size(), now);
  }
  for (size_t i = 0; i + 15 < calls.size(); ++i) {
    EXPECT_GE(calls[i + 15] - calls[i], absl::Seconds(1)) << i;
  }
  // Nor is anybody kept longer than needed.
  EXPECT_EQ(calls.back() - kStart, absl::Milliseconds(49'500));
}

TEST_F(ConnectGovernorTest, FillsUpWhileNobodyCalls) {
  Add(1, 5);
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), SizeIs(5));
  Add(6, 20);
  EXPECT_THAT(TakeAt(absl::Milliseconds(300)), ElementsAre(6, 7, 8));
  EXPECT_THAT(TakeAt(absl::Hours(1)), SizeIs(5));
}

TEST_F(ConnectGovernorTest, HostsHaveLinesOfTheirOwn) {
  Add(1, 5);
  Add(6, 10, kHost, 8883);
  Add(11, 15, "other.example.com");
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), SizeIs(15));
}

TEST_F(ConnectGovernorTest, CaseDoesNotMakeAnotherHost) {
  Add(1, 5);
  Add(6, 6, "MQTT.Example.COM");
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(ConnectGovernorTest, WhoLeavesCostsTheOthersNothing) {
  Add(1, 5);
  TakeAt(absl::ZeroDuration());
  Add(6, 9);
  Add(6, 6);
  EXPECT_EQ(governor_.Remove(6), 2);
  EXPECT_EQ(governor_.Remove(7), 1);
  EXPECT_EQ(governor_.Remove(7), 0);
  EXPECT_THAT(TakeAt(absl::Milliseconds(100)), ElementsAre(8));
  EXPECT_THAT(TakeAt(absl::Milliseconds(200)), ElementsAre(9));
}

TEST_F(ConnectGovernorTest, OneThatAsksTwiceIsAnsweredTwice) {
  Add(1, 1);
  Add(1, 1);
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), ElementsAre(1, 1));
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), IsEmpty());
}

TEST_F(ConnectGovernorTest, ACallThatTakesTwoConnectionsCostsTwo) {
  for (int id = 1; id <= 10; ++id) governor_.Add(id, kHost, 1883, 2);
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), ElementsAre(1, 2, 3));
  EXPECT_THAT(TakeAt(absl::Milliseconds(100)), IsEmpty());
  EXPECT_THAT(TakeAt(absl::Milliseconds(200)), ElementsAre(4));
}

TEST_F(ConnectGovernorTest, ForgetsHostsThatNobodyCalls) {
  for (int port = 1; port <= 1000; ++port) governor_.Add(port, kHost, port);
  EXPECT_THAT(TakeAt(absl::ZeroDuration()), SizeIs(1000));
  EXPECT_EQ(governor_.host_count(), 1000u);
  TakeAt(absl::Milliseconds(100));
  EXPECT_EQ(governor_.host_count(), 0u);
}

TEST(ConnectGovernorRateTest, OneCallASecondIsPossible) {
  ConnectGovernor governor(1);
  for (int id = 1; id <= 6; ++id) governor.Add(id, kHost, 1883);
  EXPECT_THAT(governor.TakeDue(kStart), SizeIs(5));
  EXPECT_EQ(governor.NextDelay(kStart), absl::Seconds(1));
}

}  // namespace
}  // namespace mqttpush
