#include "services/flowcore/json_scanner.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(JsonScannerTest, TakesValuesWhole) {
  struct Case {
    std::string text;
    std::string value;
  };
  const Case kCases[] = {
      {" 12.50,", "12.50"},
      {"null}", "null"},
      {R"("a\"b",1)", R"("a\"b")"},
      {R"("a\\",1)", R"("a\\")"},
      {R"({"a":"}"} ,)", R"({"a":"}"})"},
      {R"([1, [2], "]"]])", R"([1, [2], "]"])"},
      {"", ""},
      {" ", ""},
      {",", ""},
      {R"("endless)", ""},
      {R"("endless\")", ""},
      {R"({"a":[1})", ""},
      {R"({"a":")", ""},
  };
  for (const Case& c : kCases) {
    JsonScanner scanner(c.text);
    EXPECT_EQ(scanner.TakeValue(), c.value) << c.text;
  }
}

TEST(JsonScannerTest, TakesOneAfterTheOther) {
  JsonScanner scanner(" [ {} , 2 ]\n");
  EXPECT_FALSE(scanner.Take('{'));
  EXPECT_TRUE(scanner.Take('['));
  EXPECT_EQ(scanner.TakeValue(), "{}");
  EXPECT_TRUE(scanner.Take(','));
  EXPECT_EQ(scanner.TakeValue(), "2");
  EXPECT_FALSE(scanner.AtEnd());
  EXPECT_TRUE(scanner.Take(']'));
  EXPECT_TRUE(scanner.AtEnd());
  EXPECT_FALSE(scanner.Take(']'));
}

TEST(JsonScannerTest, DepthCostsNothing) {
  const std::string deep(10'000'000, '[');
  EXPECT_EQ(JsonScanner(deep).TakeValue(), "");
}

}  // namespace
}  // namespace mqttpush
