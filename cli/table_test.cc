#include "cli/table.h"

#include <sstream>

#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

class ConsoleTest : public ::testing::Test {
 protected:
  Console Make(bool terminal) {
    return Console({.in = in_,
                    .out = out_,
                    .err = err_,
                    .in_is_terminal = terminal,
                    .out_is_terminal = terminal,
                    .err_is_terminal = terminal,
                    .colours = true});
  }
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ConsoleTest, TableIsAligned) {
  Console console = Make(false);
  Table table({{"NAME"}, {"COUNT", true}, {"EMPTY"}, {"LAST"}});
  table.Add({"冷藏", "7", "", "x"});
  table.Add({"a", "1234567", "", ""});
  table.Print(console);
  EXPECT_EQ(out_.str(),
            "NAME    COUNT  LAST\n"
            "冷藏        7  x\n"
            "a     1234567\n");
}

TEST_F(ConsoleTest, EmptyTableIsNothing) {
  Console console = Make(false);
  Table({{"NAME"}}).Print(console);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ConsoleTest, ProgressIsForTerminalsOnly) {
  Console pipe = Make(false);
  pipe.Progress("reading", 1, 2);
  EXPECT_EQ(err_.str(), "");
  Console terminal = Make(true);
  terminal.Progress("reading", 1, 2);
  EXPECT_EQ(err_.str(), "reading [###############...............] 1/2");
  // Results never stand behind it on the same line.
  terminal.Line("done");
  EXPECT_EQ(err_.str().substr(44), "\r\x1b[K");
  EXPECT_EQ(out_.str(), "done\n");
}

TEST_F(ConsoleTest, AsksOnlyWhenSomebodyIsThere) {
  in_.str("y\n\n");
  Console pipe = Make(false);
  EXPECT_FALSE(pipe.Confirm("Go on?"));
  EXPECT_EQ(err_.str(), "");
  Console terminal = Make(true);
  EXPECT_TRUE(terminal.Confirm("Go on?"));
  EXPECT_FALSE(terminal.Confirm("Go on?"));
  EXPECT_EQ(err_.str(), "Go on? [y/N] Go on? [y/N] ");
}

TEST_F(ConsoleTest, ColoursAreForTerminalsOnly) {
  EXPECT_EQ(Make(false).Styled(Tone::kBad, "x"), "x");
  EXPECT_EQ(Make(true).Styled(Tone::kBad, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace mqttpush::cli
