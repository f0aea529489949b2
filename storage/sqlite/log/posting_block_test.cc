#include "storage/sqlite/log/posting_block.h"

#include <algorithm>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::vector<KeyedPosting> Unpacked(const std::vector<KeyedPosting>& postings) {
  std::vector<KeyedPosting> all;
  absl::Span<const KeyedPosting> rest = postings;
  while (!rest.empty()) {
    const KeyedPosting first = rest.front();
    const std::string packed = PackBlock(rest);
    EXPECT_LE(packed.size(), kBlockBytes);
    auto unpacked = UnpackPostings(first, packed);
    EXPECT_TRUE(unpacked.ok()) << unpacked.status();
    if (!unpacked.ok()) return all;
    all.insert(all.end(), unpacked->begin(), unpacked->end());
  }
  return all;
}

// One block of what fits into one.
std::string PackPostings(const std::vector<KeyedPosting>& postings) {
  absl::Span<const KeyedPosting> rest = postings;
  std::string packed = PackBlock(rest);
  EXPECT_TRUE(rest.empty());
  return packed;
}

TEST(PostingBlockTest, OnePostingComesBack) {
  EXPECT_EQ(Unpacked({{7, {8, 9}}}), (std::vector<KeyedPosting>{{7, {8, 9}}}));
}

TEST(PostingBlockTest, TheLargestAndTheSmallestNumbersComeBack) {
  const std::vector<KeyedPosting> postings = {
      {kMin, {kMin, kMin}}, {kMin, {kMin, kMax}}, {-1, {kMax, 0}},
      {0, {kMin, kMax}},    {kMax, {kMin, kMin}}, {kMax, {kMax, kMax}}};
  EXPECT_EQ(Unpacked(postings), postings);
}

TEST(PostingBlockTest, AnySortedPostingsComeBack) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const int shift = static_cast<int>(random() % 64);
    std::vector<KeyedPosting> postings(1 +
                                       random() % (2 * kMostPostingsPerBlock));
    for (KeyedPosting& posting : postings) {
      posting = {static_cast<int64_t>(random() >> shift),
                 {static_cast<int64_t>(random() >> shift),
                  static_cast<int64_t>(random() >> shift)}};
    }
    std::sort(postings.begin(), postings.end());
    ASSERT_EQ(Unpacked(postings), postings) << "round " << round;
  }
}

TEST(PostingBlockTest, NeighboursTakeThreeBytesEach) {
  std::vector<KeyedPosting> postings;
  for (int64_t seq = 1'000'000; seq < 1'000'256; ++seq) {
    postings.push_back({TextKey(1, "asset"), {seq, seq}});
  }
  EXPECT_LE(PackPostings(postings).size(), 3 * postings.size() + 4);
}

TEST(PostingBlockTest, EveryCutBlockIsDataLoss) {
  const std::vector<KeyedPosting> postings = {
      {1, {2, 3}}, {1, {2000, 30}}, {9, {-5, 1'000'000'000}}};
  const std::string packed = PackPostings(postings);
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(
        UnpackPostings(postings.front(), packed.substr(0, size)).status()))
        << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(
      UnpackPostings(postings.front(), packed + '\0').status()));
}

TEST(PostingBlockTest, EveryChangedBitIsDataLoss) {
  const std::vector<KeyedPosting> postings = {
      {1, {2, 3}}, {1, {2000, 30}}, {9, {-5, 1'000'000'000}}};
  const std::string packed = PackPostings(postings);
  for (size_t bit = 0; bit < packed.size() * 8; ++bit) {
    std::string changed = packed;
    changed[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_TRUE(
        absl::IsDataLoss(UnpackPostings(postings.front(), changed).status()))
        << bit;
  }
}

TEST(PostingBlockTest, BlockUnderTheNameOfAnotherIsDataLoss) {
  const std::string packed =
      PackPostings(std::vector<KeyedPosting>{{1, {2, 3}}, {1, {4, 5}}});
  EXPECT_TRUE(absl::IsDataLoss(UnpackPostings({1, {2, 4}}, packed).status()));
}

}  // namespace
}  // namespace mqttpush
