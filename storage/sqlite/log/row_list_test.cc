#include "storage/sqlite/log/row_list.h"

#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kAll = std::numeric_limits<size_t>::max();

// Row n has the n-th of some orders.
class RowListTest : public ::testing::Test {
 protected:
  void Add(const std::vector<int64_t>& orders) {
    for (int64_t order : orders) {
      orders_.push_back(order);
      list_.Add(static_cast<uint32_t>(orders_.size() - 1), posting_of_);
    }
  }
  std::vector<int64_t> RowsBefore(Posting before, size_t limit = kAll) {
    return RowsOf(list_.Before(before, limit, posting_of_));
  }
  std::vector<int64_t> RowsAfter(Posting after, size_t limit = kAll) {
    return RowsOf(list_.After(after, limit, posting_of_));
  }
  static std::vector<int64_t> RowsOf(const std::vector<Posting>& postings) {
    std::vector<int64_t> rows;
    for (const Posting& posting : postings) rows.push_back(posting.row);
    return rows;
  }

  std::vector<int64_t> orders_;
  RowList list_;
  std::function<Posting(uint32_t)> posting_of_ = [this](uint32_t row) {
    return Posting{orders_[row], row};
  };
};

TEST_F(RowListTest, EmptyOneHasNothing) {
  EXPECT_THAT(RowsBefore(kLastPosting), IsEmpty());
  EXPECT_THAT(RowsAfter(kFirstPosting), IsEmpty());
}

TEST_F(RowListTest, GivesRowsInOrderWhateverTheOrderTheyCameIn) {
  Add({10, 30, 20, 40, 5});
  EXPECT_THAT(RowsBefore(kLastPosting), ElementsAre(3, 1, 2, 0, 4));
  EXPECT_THAT(RowsAfter(kFirstPosting), ElementsAre(4, 0, 2, 1, 3));
}

TEST_F(RowListTest, RowsOfEqualOrderComeByTheirNumber) {
  Add({7, 7, 9, 7, 9});
  EXPECT_THAT(RowsBefore(kLastPosting), ElementsAre(4, 2, 3, 1, 0));
  EXPECT_THAT(RowsBefore({7, 3}), ElementsAre(1, 0));
  EXPECT_THAT(RowsAfter({7, 1}), ElementsAre(3, 2, 4));
}

TEST_F(RowListTest, PositionsThemselvesAreLeftOut) {
  Add({10, 20, 30});
  EXPECT_THAT(RowsBefore({20, 1}), ElementsAre(0));
  EXPECT_THAT(RowsBefore({20, 2}), ElementsAre(1, 0));
  EXPECT_THAT(RowsAfter({20, 1}), ElementsAre(2));
  EXPECT_THAT(RowsAfter({20, 0}), ElementsAre(1, 2));
}

TEST_F(RowListTest, GivesNoMoreThanTheLimit) {
  Add({10, 20, 30, 25});
  EXPECT_THAT(RowsBefore(kLastPosting, 2), ElementsAre(2, 3));
  EXPECT_THAT(RowsAfter(kFirstPosting, 1), ElementsAre(0));
}

TEST_F(RowListTest, TakesMoreAfterARead) {
  Add({10, 30});
  EXPECT_THAT(RowsBefore(kLastPosting), ElementsAre(1, 0));
  Add({20, 40, 15});
  EXPECT_THAT(RowsAfter(kFirstPosting), ElementsAre(0, 4, 2, 1, 3));
  Add({50});
  EXPECT_THAT(RowsBefore(kLastPosting, 2), ElementsAre(5, 3));
}

TEST_F(RowListTest, AgreesWithASortedListAtEveryPosition) {
  std::mt19937 random(1);
  std::vector<Posting> sorted;
  for (int round = 0; round < 300; ++round) {
    Add({static_cast<int64_t>(random() % 50)});
    sorted.push_back({orders_.back(), round});
    std::sort(sorted.begin(), sorted.end());
    if (random() % 3 != 0) continue;  // several wait to be sorted in
    const Posting at = {static_cast<int64_t>(random() % 52) - 1,
                        static_cast<int64_t>(random() % 300)};
    const auto bound = std::lower_bound(sorted.begin(), sorted.end(), at);
    EXPECT_EQ(
        list_.Before(at, kAll, posting_of_),
        std::vector<Posting>(std::reverse_iterator(bound), sorted.rend()));
    const auto above = std::upper_bound(sorted.begin(), sorted.end(), at);
    EXPECT_EQ(list_.After(at, kAll, posting_of_),
              std::vector<Posting>(above, sorted.end()));
  }
}

}  // namespace
}  // namespace mqttpush
