#include "workers/process/program_arguments.h"

#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

std::optional<ProgramArguments> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "program");
  return ParseProgramArguments(static_cast<int>(words.size()),
                               const_cast<char**>(words.data()));
}

TEST(ProgramArgumentsTest, AreReadInPairs) {
  const auto all = Parse({"--fd", "3", "--hide", "/d", "--sessions", "/d/s"});
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->link_fd, 3);
  EXPECT_EQ(all->files.hidden, "/d");
  EXPECT_EQ(all->files.writable, "/d/s");
  EXPECT_EQ(Parse({"--fd", "3"})->files.writable, "");
}

TEST(ProgramArgumentsTest, OthersAreRefused) {
  EXPECT_FALSE(Parse({}).has_value());
  EXPECT_FALSE(Parse({"--fd"}).has_value());
  EXPECT_FALSE(Parse({"--fd", "x"}).has_value());
  EXPECT_FALSE(Parse({"--fd", "-1"}).has_value());
  EXPECT_FALSE(Parse({"--hide", "/d"}).has_value());
  EXPECT_FALSE(Parse({"--fd", "3", "--password", "x"}).has_value());
}

}  // namespace
}  // namespace mqttpush
