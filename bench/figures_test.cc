#include "bench/figures.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::bench {
namespace {

TEST(FiguresTest, WritesJson) {
  Figures figures;
  figures.Set("b_ms", 12.5);
  figures.Set("c", std::nan(""));
  figures.SetText("a", "say \"hi\"");
  EXPECT_EQ(figures.Json(),
            "{\n  \"a\": \"say \\\"hi\\\"\",\n  \"b_ms\": 12.5,\n"
            "  \"c\": null\n}\n");
}

TEST(FiguresTest, FileThatCannotBeWrittenIsAnError) {
  EXPECT_FALSE(Figures().WriteJson("/nowhere/figures.json").ok());
}

TEST(TableTest, AlignsColumns) {
  Table table({"relay", "µs"});
  table.Add({"a", "1,234"});
  table.Add({"longer", "5"});
  EXPECT_EQ(table.Text(),
            "  relay       µs\n"
            "  a        1,234\n"
            "  longer       5\n");
}

TEST(ReadableTest, KeepsThreeDigits) {
  EXPECT_EQ(Readable(1234567.8), "1,234,568");
  EXPECT_EQ(Readable(999.6), "1000");
  EXPECT_EQ(Readable(123.4), "123");
  EXPECT_EQ(Readable(12.34), "12.3");
  EXPECT_EQ(Readable(0.816), "0.82");
  EXPECT_EQ(Readable(-5000), "-5,000");
  EXPECT_EQ(Readable(std::nan("")), "-");
}

TEST(PercentileTest, TakesTheNearestRank) {
  EXPECT_EQ(Percentile({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(Percentile({3, 1, 2, 4}, 0.99), 4);
  EXPECT_EQ(Percentile({7}, 0.5), 7);
  EXPECT_EQ(Percentile({}, 0.5), 0);
}

TEST(MedianTest, TakesTheMiddle) {
  EXPECT_EQ(Median({5, 1, 9}), 5);
  EXPECT_EQ(Median({1, 2, 9, 4}), 3);
  EXPECT_EQ(Median({}), 0);
}

}  // namespace
}  // namespace mqttpush::bench
