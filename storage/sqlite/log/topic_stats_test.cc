// Counts by topic, from the commit to the reader.
#include <map>

#include "absl/strings/str_format.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_stats_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr absl::Time kNoon = absl::FromUnixSeconds(36000 * 3600);
constexpr absl::Duration kHour = absl::Hours(1);
constexpr int64_t kPayloadBytes = 10;
constexpr int kSlots = limits::kMaxStatsTopicsPerHour;

class NoonClock : public Clock {
 public:
  absl::Time Now() const override { return kNoon; }
};

// An attempt at event 1, which ends as it begins.
struct Try {
  std::string topic;
  bool succeeded = true;
  bool parked = false;
  int64_t subscription_uid = 7;
  absl::Time time = kNoon;
};

// Subscriptions 7 and 17 took event 1.
class TopicStatsFixture : public ::testing::Test {
 protected:
  void Open(int64_t segment_rows) {
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"),
                                 {.segment_rows = segment_rows}, &clock_);
    if (appended_) return;
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("1", {7, 17})}).ok());
    appended_ = true;
  }
  DeliveryUpdate UpdateOf(const Try& one) {
    DeliveryUpdate update = {.subscription_uid = one.subscription_uid,
                             .sent_through = 1};
    update.attempts = {{.event_seq = 1,
                        .subscription_uid = one.subscription_uid,
                        .number = ++attempts_,
                        .start_time = one.time,
                        .topic = one.topic,
                        .succeeded = one.succeeded}};
    if (one.parked) update.put_exceptions = {Parked(one.time)};
    return update;
  }
  static DeliveryException Parked(absl::Time time) {
    return {.event_seq = 1, .state = DeliveryState::kParked, .end_time = time};
  }
  void Commit(std::vector<DeliveryUpdate> updates) {
    ASSERT_TRUE(CommitAndWait(*log_, std::move(updates)).ok());
  }
  void Commit(const Try& one) { Commit(std::vector{UpdateOf(one)}); }
  // One attempt at each of so many topics.
  std::vector<DeliveryUpdate> UpdatesOf(int first, int count, absl::Time time) {
    std::vector<DeliveryUpdate> updates;
    for (int i = first; i < first + count; ++i) {
      updates.push_back(UpdateOf({TopicOf(i), true, false, 7, time}));
    }
    return updates;
  }
  void CommitTopics(int first, int count, absl::Time time = kNoon) {
    Commit(UpdatesOf(first, count, time));
  }
  static std::string TopicOf(int i) { return absl::StrFormat("t/%05d", i); }

  Stats Read(absl::Time start = kNoon, absl::Time end = kNoon + kHour,
             StatsResolution resolution = StatsResolution::kHour) {
    log_->WaitUntilSealed();
    auto stats =
        SqliteStatsReader(log_.get()).ReadStats(scope_, start, end, resolution);
    EXPECT_TRUE(stats.ok()) << stats.status();
    return *std::move(stats);
  }
  // By topic.
  static std::map<std::string, TopicCounts> Topics(const Stats& stats) {
    std::map<std::string, TopicCounts> topics;
    for (const TopicRow& row : stats.topics) topics[row.topic] = row.counts;
    EXPECT_EQ(topics.size(), stats.topics.size());
    return topics;
  }
  // What the counts of all topics have beyond.
  static TopicCounts OthersOf(const Stats& stats) {
    TopicCounts others;
    for (const StatsRow& row : stats.rows) {
      others.Add({row.counts.delivered, row.counts.delivered_bytes,
                  row.counts.failed, row.counts.parked});
    }
    for (const TopicRow& row : stats.topics) others.Subtract(row.counts);
    return others;
  }

  TempDir temp_;
  NoonClock clock_;
  StatsScope scope_ = {.tenant_uid = 1, .subscription_uid = 7};
  std::unique_ptr<SqliteEventLog> log_;
  bool appended_ = false;
  int attempts_ = 0;
};

// In one segment, and in segments of a few rows that are sealed.
class TopicStatsTest : public TopicStatsFixture,
                       public ::testing::WithParamInterface<int64_t> {
 protected:
  TopicStatsTest() { Open(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(SegmentRows, TopicStatsTest,
                         ::testing::Values(1, 3, 400'000));

TEST_P(TopicStatsTest, CountsAttemptsOverAllSegments) {
  for (const char* topic : {"a", "b", "a"}) Commit({topic});
  Commit({"a", false});
  Commit({"b", false, true});
  for (bool reopened : {false, true}) {
    if (reopened) Open(GetParam());
    const Stats stats = Read();
    EXPECT_THAT(Topics(stats),
                ElementsAre(Pair("a", TopicCounts{2, 2 * kPayloadBytes, 1, 0}),
                            Pair("b", TopicCounts{1, kPayloadBytes, 1, 1})));
    EXPECT_EQ(OthersOf(stats), TopicCounts());
  }
}

TEST_P(TopicStatsTest, HoursAreHalfOpenAndMinutesHaveNone) {
  Commit({"a", true, false, 7, kNoon});
  Commit({"b", true, false, 7, kNoon + kHour - absl::Microseconds(1)});
  Commit({"c", true, false, 7, kNoon + kHour});
  EXPECT_THAT(Topics(Read()), SizeIs(2));
  EXPECT_THAT(Topics(Read(kNoon + kHour, kNoon + 2 * kHour)), SizeIs(1));
  EXPECT_THAT(Topics(Read(absl::InfinitePast(), absl::InfiniteFuture())),
              SizeIs(3));
  EXPECT_THAT(Read(kNoon, kNoon + 2 * kHour, StatsResolution::kMinute).topics,
              SizeIs(0));
}

TEST_P(TopicStatsTest, ATenantsAreThoseOfAllItsSubscriptions) {
  for (int64_t uid : {7, 17, 17}) Commit({"a", true, false, uid});
  EXPECT_EQ(Topics(Read())["a"].delivered, 1);
  scope_.subscription_uid = std::nullopt;
  EXPECT_EQ(Topics(Read())["a"].delivered, 3);
  scope_.tenant_uid = 2;
  EXPECT_THAT(Topics(Read()), SizeIs(0));
}

TEST_P(TopicStatsTest, ParkedCountsForTheTopicOfTheLastAttempt) {
  DeliveryUpdate update = UpdateOf({"earlier", false});
  update.attempts.push_back(UpdateOf({"last", false}).attempts[0]);
  update.put_exceptions = {Parked(kNoon)};
  Commit({update});
  // Without an attempt nobody knows at which topic.
  DeliveryUpdate without = {.subscription_uid = 7, .sent_through = 1};
  without.put_exceptions = {Parked(kNoon)};
  Commit({without});
  const Stats stats = Read();
  EXPECT_THAT(Topics(stats),
              ElementsAre(Pair("earlier", TopicCounts{0, 0, 1, 0}),
                          Pair("last", TopicCounts{0, 0, 1, 1})));
  EXPECT_EQ(OthersOf(stats), (TopicCounts{0, 0, 0, 1}));
}

TEST_P(TopicStatsTest, WhatIsDeliveredAgainCountsOnce) {
  Commit({"a"});
  DeliveryUpdate again = UpdateOf({"b"});
  again.attempts[0].manual = true;
  Commit({again});
  EXPECT_THAT(Topics(Read()),
              ElementsAre(Pair("a", TopicCounts{1, kPayloadBytes, 0, 0})));
}

TEST_P(TopicStatsTest, LongTopicsAreNotCountedForThemselves) {
  const std::string longest(limits::kMaxStatsTopicBytes, 'x');
  Commit({longest});
  Commit({longest + "y"});
  const Stats stats = Read();
  EXPECT_THAT(Topics(stats), ElementsAre(Pair(longest, ::testing::_)));
  EXPECT_EQ(OthersOf(stats).delivered, 1);
}

class TopicBoundTest : public TopicStatsFixture {
 protected:
  TopicBoundTest() { Open(400'000); }
};

TEST_F(TopicBoundTest, TheFirstOnesOfAnHourHaveTheirOwn) {
  CommitTopics(0, kSlots - 1);
  CommitTopics(kSlots - 1, 10);
  for (bool reopened : {false, true}) {
    if (reopened) Open(400'000);
    const Stats stats = Read();
    const auto topics = Topics(stats);
    EXPECT_THAT(topics, SizeIs(kSlots));
    EXPECT_EQ(topics.rbegin()->first, TopicOf(kSlots - 1));
    EXPECT_EQ(OthersOf(stats), (TopicCounts{9, 9 * kPayloadBytes, 0, 0}));
  }
  // These go on, also after a restart, and no others come to them.
  CommitTopics(0, kSlots + 20);
  const Stats stats = Read();
  const auto topics = Topics(stats);
  EXPECT_THAT(topics, SizeIs(kSlots));
  for (const auto& [topic, counts] : topics) EXPECT_EQ(counts.delivered, 2);
  EXPECT_EQ(OthersOf(stats).delivered, 29);
}

TEST_F(TopicBoundTest, EachHourAndSubscriptionHasItsOwn) {
  CommitTopics(0, kSlots);
  CommitTopics(kSlots, kSlots, kNoon + kHour);
  Commit({"another", true, false, 17});
  EXPECT_THAT(Topics(Read(kNoon, kNoon + 2 * kHour)), SizeIs(2 * kSlots));
  scope_.subscription_uid = 17;
  EXPECT_THAT(Topics(Read()), SizeIs(1));
}

TEST_F(TopicBoundTest, EachSegmentHasItsOwn) {
  CommitTopics(0, kSlots + 5);
  Open(1);  // the next commit begins a segment
  CommitTopics(kSlots, 5);
  const Stats stats = Read();
  EXPECT_THAT(Topics(stats), SizeIs(kSlots + 5));
  EXPECT_EQ(OthersOf(stats).delivered, 5);
}

// What a read keeps in memory has a bound, and the busy ones stay.
TEST_F(TopicBoundTest, OfTooManyTheMostUsedAreRead) {
  constexpr int kHours = 250;
  std::vector<DeliveryUpdate> updates;
  for (int hour = 0; hour < kHours; ++hour) {
    const absl::Time time = kNoon + hour * kHour;
    updates.push_back(UpdateOf({"busy", true, false, 7, time}));
    for (auto& one : UpdatesOf(hour * kSlots, kSlots - 1, time)) {
      updates.push_back(std::move(one));
    }
  }
  Commit(std::move(updates));
  const Stats stats = Read(kNoon, kNoon + kHours * kHour);
  const auto topics = Topics(stats);
  EXPECT_LE(topics.size(), 10'000u);
  EXPECT_GE(topics.size(), 5'000u);
  EXPECT_EQ(topics.at("busy").delivered, kHours);
  EXPECT_EQ(OthersOf(stats).delivered + static_cast<int64_t>(topics.size()),
            kHours * (kSlots - 1) + 1);
}

}  // namespace
}  // namespace mqttpush
