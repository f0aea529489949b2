#include "services/history/delivery_stats.h"

#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Time kMidnight = absl::FromUnixSeconds(20'000 * 86'400LL);

StatsRow Delivered(absl::Duration after_midnight, ObjectType type,
                   int64_t count) {
  StatsRow row = {kMidnight + after_midnight, type};
  row.counts.delivered = count;
  return row;
}

// By start of the bucket, in minutes after midnight, and object type.
using Counts = std::map<std::pair<int64_t, ObjectType>, int64_t>;

struct MergeCase {
  std::string name;
  std::vector<StatsRow> rows;
  absl::Duration bucket;
  Counts delivered;
};

class MergeTest : public ::testing::TestWithParam<MergeCase> {};

TEST_P(MergeTest, AddsUpWhatIsInOneBucket) {
  Counts delivered;
  for (const auto& [start, types] :
       MergeIntoBuckets(GetParam().rows, GetParam().bucket)) {
    for (const auto& [type, counts] : types) {
      delivered[{absl::ToInt64Minutes(start - kMidnight), type}] =
          counts.delivered;
    }
  }
  EXPECT_EQ(delivered, GetParam().delivered);
}

constexpr ObjectType kAsset = ObjectType::kAsset;
constexpr ObjectType kLocation = ObjectType::kLocation;

INSTANTIATE_TEST_SUITE_P(
    Table, MergeTest,
    ::testing::Values(MergeCase{"Nothing", {}, absl::Hours(1), {}},
                      MergeCase{"MinutesStayApart",
                                {Delivered(absl::Minutes(1), kAsset, 1),
                                 Delivered(absl::Minutes(2), kAsset, 2)},
                                absl::Minutes(1),
                                {{{1, kAsset}, 1}, {{2, kAsset}, 2}}},
                      MergeCase{"TypesStayApart",
                                {Delivered(absl::Hours(1), kAsset, 1),
                                 Delivered(absl::Hours(1), kLocation, 2)},
                                absl::Hours(1),
                                {{{60, kAsset}, 1}, {{60, kLocation}, 2}}},
                      MergeCase{"HoursOfADay",
                                {Delivered(absl::Hours(-1), kAsset, 1),
                                 Delivered(absl::Hours(0), kAsset, 2),
                                 Delivered(absl::Hours(23), kAsset, 4),
                                 Delivered(absl::Hours(24), kAsset, 8)},
                                absl::Hours(24),
                                {{{-24 * 60, kAsset}, 1},
                                 {{0, kAsset}, 6},
                                 {{24 * 60, kAsset}, 8}}}),
    [](const auto& info) { return info.param.name; });

struct CountsCase {
  std::string name;
  int64_t delivered, failed, parked;
  double attempts_per_delivery;
};

class AttemptsPerDeliveryTest : public ::testing::TestWithParam<CountsCase> {};

TEST_P(AttemptsPerDeliveryTest, CountsAttemptsOfWhatWasTried) {
  const CountsCase& c = GetParam();
  const auto proto = ToProto(DeliveryCounts{
      .delivered = c.delivered, .failed = c.failed, .parked = c.parked});
  EXPECT_EQ(proto.attempt_count(), c.delivered + c.failed);
  EXPECT_EQ(proto.failed_attempt_count(), c.failed);
  EXPECT_DOUBLE_EQ(proto.attempts_per_delivery(), c.attempts_per_delivery);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AttemptsPerDeliveryTest,
    ::testing::Values(CountsCase{"Nothing", 0, 0, 0, 0},
                      CountsCase{"AllAtOnce", 10, 0, 0, 1},
                      CountsCase{"SomeTwice", 10, 5, 0, 1.5},
                      CountsCase{"ParkedCountAsDeliveries", 1, 6, 1, 3.5},
                      CountsCase{"OnlyFailures", 0, 3, 0, 0}),
    [](const auto& info) { return info.param.name; });

struct LatencyCase {
  std::string name;
  std::vector<std::pair<absl::Duration, int64_t>> latencies;
  // In microseconds; 0: absent.
  int64_t p50, p90, p99;
};

class LatencyTest : public ::testing::TestWithParam<LatencyCase> {};

TEST_P(LatencyTest, PercentilesAreUpperBoundsOfBuckets) {
  DeliveryCounts counts;
  for (const auto& [latency, count] : GetParam().latencies) {
    counts.latency.Add(latency, count);
    counts.delivered += count;
  }
  const auto proto = ToProto(counts);
  EXPECT_EQ(proto.has_latency(), counts.delivered > 0);
  const auto& latency = proto.latency();
  EXPECT_EQ(TimeUtil::DurationToMicroseconds(latency.p50()), GetParam().p50);
  EXPECT_EQ(TimeUtil::DurationToMicroseconds(latency.p90()), GetParam().p90);
  EXPECT_EQ(TimeUtil::DurationToMicroseconds(latency.p99()), GetParam().p99);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LatencyTest,
    ::testing::Values(
        LatencyCase{"Nothing", {}, 0, 0, 0},
        LatencyCase{"One", {{absl::Milliseconds(20), 1}}, 31623, 31623, 31623},
        LatencyCase{"Quick",
                    {{absl::Microseconds(3), 1000}, {absl::Seconds(20), 1}},
                    1000,
                    1000,
                    1000},
        LatencyCase{"Tail",
                    {{absl::Milliseconds(2), 85},
                     {absl::Milliseconds(50), 10},
                     {absl::Seconds(2), 5}},
                    3163,
                    56235,
                    3162278},
        LatencyCase{"BeyondTheLastBound",
                    {{absl::Milliseconds(2), 95}, {absl::Hours(5), 5}},
                    3163,
                    3163,
                    0}),
    [](const auto& info) { return info.param.name; });

TEST(SetCountsTest, TotalsAreThoseOfTheBuckets) {
  v1::DeliveryStats stats;
  SetCounts(MergeIntoBuckets({Delivered(absl::Hours(1), kAsset, 1),
                              Delivered(absl::Hours(1), kLocation, 2),
                              Delivered(absl::Hours(5), kAsset, 4)},
                             absl::Hours(1)),
            stats);
  EXPECT_EQ(stats.total().delivered_count(), 7);
  ASSERT_EQ(stats.object_types_size(), 2);
  EXPECT_EQ(stats.object_types(0).object_type(), v1::ASSET);
  EXPECT_EQ(stats.object_types(0).counts().delivered_count(), 5);
  EXPECT_EQ(stats.object_types(1).counts().delivered_count(), 2);
  ASSERT_EQ(stats.buckets_size(), 2);
  EXPECT_EQ(stats.buckets(0).counts().delivered_count(), 3);
  EXPECT_EQ(stats.buckets(0).object_types_size(), 2);
  EXPECT_EQ(stats.buckets(1).start_time().seconds(),
            absl::ToUnixSeconds(kMidnight) + 5 * 3600);
  EXPECT_EQ(stats.buckets(1).object_types_size(), 1);
}

class SetTopicsTest : public ::testing::Test {
 protected:
  // Of a total of ten delivered, 20 failed attempts and three parked.
  v1::DeliveryStats Set(std::vector<TopicRow> topics) {
    StatsRow row = Delivered(absl::Hours(1), kAsset, 10);
    row.counts.failed = 20;
    row.counts.parked = 3;
    v1::DeliveryStats stats;
    SetTopics(std::move(topics), MergeIntoBuckets({row}, absl::Hours(1)),
              stats);
    return stats;
  }
};

TEST_F(SetTopicsTest, TheBusiestComeFirstAndOthersHaveTheRest) {
  const v1::DeliveryStats stats =
      Set({{"b", {.delivered = 1, .failed = 2}},
           {"c", {.delivered = 3, .parked = 1}},
           {"a", {.delivered = 1, .delivered_bytes = 0, .failed = 9}}});
  ASSERT_EQ(stats.topics_size(), 3);
  EXPECT_EQ(stats.topics(0).topic(), "a");
  EXPECT_EQ(stats.topics(0).counts().attempt_count(), 10);
  EXPECT_EQ(stats.topics(0).counts().failed_attempt_count(), 9);
  EXPECT_EQ(stats.topics(1).topic(), "b");
  EXPECT_EQ(stats.topics(2).counts().parked_count(), 1);
  EXPECT_EQ(stats.topics(2).counts().attempts_per_delivery(), 0.75);
  EXPECT_FALSE(stats.topics(2).counts().has_latency());
  EXPECT_EQ(stats.other_topics().delivered_count(), 5);
  EXPECT_EQ(stats.other_topics().failed_attempt_count(), 9);
  EXPECT_EQ(stats.other_topics().parked_count(), 2);
}

TEST_F(SetTopicsTest, WithoutOthersThereIsNoWordOfThem) {
  const v1::DeliveryStats stats =
      Set({{"a", {.delivered = 10, .failed = 20, .parked = 3}}});
  EXPECT_EQ(stats.topics_size(), 1);
  EXPECT_FALSE(stats.has_other_topics());
}

TEST_F(SetTopicsTest, BeyondAHundredTheyAreOthers) {
  std::vector<TopicRow> topics;
  for (int i = 0; i < 120; ++i) {
    topics.push_back({std::to_string(i), {.failed = i < 20 ? 0 : i}});
  }
  const v1::DeliveryStats stats = Set(std::move(topics));
  EXPECT_EQ(stats.topics_size(), 100);
  EXPECT_EQ(stats.topics(99).topic(), "20");
  EXPECT_EQ(stats.other_topics().delivered_count(), 10);
}

TEST(AddBacklogTest, AddsCountsAndKeepsTheOldest) {
  v1::Backlog sum;
  v1::Backlog one;
  one.set_waiting_count(2);
  one.set_parked_count(1);
  AddBacklog(one, sum);
  EXPECT_FALSE(sum.has_oldest_waiting_time());
  for (int64_t seconds : {50, 40, 60}) {
    one.mutable_oldest_waiting_time()->set_seconds(seconds);
    AddBacklog(one, sum);
  }
  EXPECT_EQ(sum.waiting_count(), 8);
  EXPECT_EQ(sum.parked_count(), 4);
  EXPECT_EQ(sum.oldest_waiting_time().seconds(), 40);
}

}  // namespace
}  // namespace mqttpush
