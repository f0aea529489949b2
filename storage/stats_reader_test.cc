#include "storage/stats_reader.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(LatencyHistogramTest, ALatencyIsBelowTheBoundOfItsBucketOnly) {
  for (const absl::Duration latency :
       {absl::ZeroDuration(), absl::Microseconds(999), absl::Milliseconds(1),
        absl::Milliseconds(10), absl::Milliseconds(177), absl::Seconds(1),
        absl::Seconds(999), absl::Hours(30)}) {
    LatencyHistogram histogram;
    histogram.Add(latency);
    int bucket = 0;
    while (histogram.count(bucket) == 0) ++bucket;
    EXPECT_LT(latency, LatencyHistogram::UpperBound(bucket)) << latency;
    if (bucket > 0) {
      EXPECT_GE(latency, LatencyHistogram::UpperBound(bucket - 1)) << latency;
    }
  }
}

TEST(LatencyHistogramTest, PercentilesAreUpperBounds) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), absl::ZeroDuration());
  histogram.Add(absl::Milliseconds(2), 98);
  histogram.Add(absl::Seconds(20), 2);
  EXPECT_EQ(histogram.total(), 100);
  EXPECT_LT(histogram.Percentile(0.5), absl::Milliseconds(4));
  EXPECT_LT(histogram.Percentile(0.98), absl::Milliseconds(4));
  EXPECT_GE(histogram.Percentile(0.99), absl::Seconds(20));
  EXPECT_LT(histogram.Percentile(0.99), absl::Seconds(40));
}

}  // namespace
}  // namespace mqttpush
