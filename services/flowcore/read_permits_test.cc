#include "services/flowcore/read_permits.h"

#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(ReadPermitsTest, AreBoundedForEachTenant) {
  ReadPermits permits(2);
  const auto first = permits.Take("acme");
  auto second = permits.Take("acme");
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(permits.Take("acme"), nullptr);
  EXPECT_NE(permits.Take("other"), nullptr);
  auto copy = second;
  second.reset();
  EXPECT_EQ(permits.Take("acme"), nullptr);
  copy.reset();
  EXPECT_NE(permits.Take("acme"), nullptr);
}

TEST(ReadPermitsTest, MayBeGivenBackLater) {
  auto permits = std::make_unique<ReadPermits>(1);
  const auto permit = permits->Take("acme");
  permits.reset();
}

}  // namespace
}  // namespace mqttpush
