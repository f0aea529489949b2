#include "storage/sqlite/log/key_filter.h"

#include <random>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr size_t kKeys = 100'000;
constexpr Dimension kDimension = Dimension::kEventById;

std::vector<int64_t> RandomKeys(int seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> keys(kKeys);
  for (int64_t& key : keys) key = static_cast<int64_t>(random());
  return keys;
}

KeyFilter FilterOf(const std::vector<int64_t>& keys) {
  KeyFilter filter(keys.size());
  for (int64_t key : keys) filter.Add(kDimension, key);
  return filter;
}

size_t CountFound(const KeyFilter& filter, Dimension dimension,
                  const std::vector<int64_t>& keys) {
  size_t found = 0;
  for (int64_t key : keys) found += filter.MayContain(dimension, key);
  return found;
}

std::vector<int64_t> SmallNumbers(int64_t first) {
  std::vector<int64_t> keys;
  for (size_t i = 0; i < kKeys; ++i) keys.push_back(first + i);
  return keys;
}

TEST(KeyFilterTest, FindsEveryKeyThatWasAdded) {
  const std::vector<int64_t> keys = RandomKeys(1);
  EXPECT_EQ(CountFound(FilterOf(keys), kDimension, keys), kKeys);
}

TEST(KeyFilterTest, TakesFewerThanOneInAHundredOthersForThere) {
  const KeyFilter filter = FilterOf(RandomKeys(1));
  EXPECT_LT(CountFound(filter, kDimension, RandomKeys(2)), kKeys / 100);
}

// Uids are not spread as hashes are.
TEST(KeyFilterTest, TellsNeighbouringNumbersApart) {
  const KeyFilter filter = FilterOf(SmallNumbers(1));
  EXPECT_EQ(CountFound(filter, kDimension, SmallNumbers(1)), kKeys);
  EXPECT_LT(CountFound(filter, kDimension, SmallNumbers(1 + kKeys)),
            kKeys / 100);
}

TEST(KeyFilterTest, TellsDimensionsApart) {
  const std::vector<int64_t> keys = RandomKeys(1);
  EXPECT_LT(CountFound(FilterOf(keys), Dimension::kAttemptsOfTopic, keys),
            kKeys / 100);
}

TEST(KeyFilterTest, EmptyOneHoldsNothing) {
  EXPECT_EQ(CountFound(KeyFilter(0), kDimension, RandomKeys(1)), 0u);
}

TEST(KeyFilterTest, ComesBackFromItsBytes) {
  const std::vector<int64_t> keys = RandomKeys(1);
  auto filter = KeyFilter::FromBytes(FilterOf(keys).Bytes());
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ(CountFound(*filter, kDimension, keys), kKeys);
  EXPECT_EQ(filter->Bytes(), FilterOf(keys).Bytes());
}

TEST(KeyFilterTest, WrongSizesAreDataLoss) {
  const std::string bytes = FilterOf({1, 2, 3}).Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(
        absl::IsDataLoss(KeyFilter::FromBytes(bytes.substr(0, size)).status()))
        << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(KeyFilter::FromBytes(bytes + "x").status()));
}

// A bit that is lost would hide what the segment holds.
TEST(KeyFilterTest, EveryChangedByteIsDataLoss) {
  const std::string bytes = FilterOf({1, 2, 3}).Bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 1;
    EXPECT_TRUE(absl::IsDataLoss(KeyFilter::FromBytes(changed).status())) << at;
  }
}

}  // namespace
}  // namespace mqttpush
