#include "services/ingest/key_set.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(KeySetTest, KeysBelongToTheirObject) {
  KeySet keys;
  keys.BeginObject();
  EXPECT_TRUE(keys.Insert("a"));
  keys.BeginObject();
  EXPECT_TRUE(keys.Insert("a"));
  EXPECT_FALSE(keys.Insert("a"));
  keys.EndObject();
  EXPECT_TRUE(keys.Insert("b"));
  EXPECT_FALSE(keys.Insert("a"));
  keys.BeginObject();
  EXPECT_TRUE(keys.Insert("b"));
  keys.EndObject();
  EXPECT_TRUE(keys.Insert(""));
  EXPECT_FALSE(keys.Insert(""));
  keys.Clear();
  keys.BeginObject();
  EXPECT_TRUE(keys.Insert("a"));
}

TEST(KeySetTest, LargeObjectsWithinEachOther) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(std::to_string(i));
  KeySet keys;
  keys.BeginObject();
  for (const auto& name : names) EXPECT_TRUE(keys.Insert(name));
  keys.BeginObject();
  for (const auto& name : names) EXPECT_TRUE(keys.Insert(name));
  for (const auto& name : names) EXPECT_FALSE(keys.Insert(name));
  keys.EndObject();
  keys.BeginObject();
  for (const auto& name : names) EXPECT_TRUE(keys.Insert(name));
  keys.EndObject();
  for (const auto& name : names) EXPECT_FALSE(keys.Insert(name));
}

}  // namespace
}  // namespace mqttpush
