// Holds every C++ source of the tree to the rules of tidy.h, and the rules to
// samples that break them.
#include "tests/style/tidy.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<SourceFile> OurSources() {
  const fs::path root = MQTTPUSH_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const char* folder : {"bench", "cli", "common", "demo", "server",
                             "services", "storage", "tests", "workers"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".cc" && path.extension() != ".h") continue;
      files.push_back({fs::relative(path, root), ReadFile(path)});
    }
  }
  return files;
}

// Runs `check` over the tree.
void ExpectTidy(Complaints (*check)(const SourceFile&)) {
  for (const SourceFile& file : OurSources()) {
    const Complaints complaints = check(file);
    EXPECT_TRUE(complaints.empty()) << absl::StrJoin(complaints, "\n");
  }
}

TEST(TidyTest, TheTreeIsFound) { EXPECT_GT(OurSources().size(), 20u); }
TEST(TidyTest, IncludesPointOneWay) { ExpectTidy(CheckIncludes); }
TEST(TidyTest, NoBannedWords) { ExpectTidy(CheckBannedWords); }
TEST(TidyTest, HeadersAreGuardedAndExplained) { ExpectTidy(CheckHeader); }
TEST(TidyTest, FilesAndLinesAreShort) { ExpectTidy(CheckSize); }
TEST(TidyTest, OneFileKnowsPaho) {
  EXPECT_THAT(CheckPahoInOneFile(OurSources()), IsEmpty());
}

struct IncludeCase {
  std::string path;
  std::string include;
  bool allowed;
};

class IncludeRule : public ::testing::TestWithParam<IncludeCase> {};

TEST_P(IncludeRule, Holds) {
  const IncludeCase& sample = GetParam();
  const SourceFile file{sample.path, "#include " + sample.include + "\n"};
  EXPECT_EQ(CheckIncludes(file).empty(), sample.allowed)
      << sample.path << " " << sample.include;
}

INSTANTIATE_TEST_SUITE_P(
    Samples, IncludeRule,
    ::testing::Values(
        IncludeCase{"common/a.cc", "\"storage/records.h\"", false},
        IncludeCase{"storage/a.cc", "\"services/api/names.h\"", false},
        IncludeCase{"services/a.cc", "\"workers/dispatch/board.h\"", false},
        IncludeCase{"workers/a.cc", "\"services/api/names.h\"", false},
        IncludeCase{"services/a.cc", "\"server/server.h\"", false},
        IncludeCase{"services/a.cc", "\"tests/support/temp_dir.h\"", false},
        IncludeCase{"services/a_test.cc", "\"tests/support/temp_dir.h\"", true},
        IncludeCase{"server/a.cc", "\"workers/dispatch/board.h\"", true},
        IncludeCase{"services/a.cc", "\"common/clock.h\"", true},
        IncludeCase{"tests/e2e/a.cc", "\"server/server.h\"", true},
        IncludeCase{"workers/a.cc", "\"mqttpush/v1/resources.pb.h\"", false},
        IncludeCase{"storage/a.h", "\"mqttpush/v1/resources.pb.h\"", false},
        IncludeCase{"services/a.h", "\"mqttpush/v1/resources.pb.h\"", true},
        IncludeCase{"services/a.h", "\"mqttpush/worker/v1/worker_link.pb.h\"",
                    false},
        IncludeCase{"storage/a.cc", "<sqlite3.h>", false},
        IncludeCase{"storage/sqlite/a.cc", "<sqlite3.h>", true},
        IncludeCase{"services/http/a.cc", "<boost/asio/post.hpp>", true},
        IncludeCase{"services/a.cc", "<boost/asio/post.hpp>", false},
        IncludeCase{"server/a.cc", "\"MQTTAsync.h\"", false},
        IncludeCase{"cli/a.cc", "\"services/api/names.h\"", false},
        IncludeCase{"cli/a.cc", "\"mqttpush/v1/resources.pb.h\"", true},
        IncludeCase{"cli/verbs/a.cc", "<CLI/CLI.hpp>", false},
        IncludeCase{"cli/command.cc", "<CLI/CLI.hpp>", true},
        IncludeCase{"workers/worker/a.cc", "<MQTTAsync.h>", true}));

TEST(TidyRuleTest, PahoInTwoFilesIsRefused) {
  const SourceFile one{"workers/a.cc", "#include <MQTTAsync.h>\n"};
  const SourceFile two{"workers/b.cc", "#include \"MQTTAsync.h\"\n"};
  EXPECT_THAT(CheckPahoInOneFile({one}), IsEmpty());
  EXPECT_THAT(
      CheckPahoInOneFile({one, two}),
      ElementsAre(HasSubstr("workers/a.cc"), HasSubstr("workers/b.cc")));
}

struct WordCase {
  std::string path;
  std::string line;
  bool allowed;
};

class WordRule : public ::testing::TestWithParam<WordCase> {};

TEST_P(WordRule, Holds) {
  const WordCase& sample = GetParam();
  EXPECT_EQ(CheckBannedWords({sample.path, sample.line + "\n"}).empty(),
            sample.allowed)
      << sample.path << ": " << sample.line;
}

INSTANTIATE_TEST_SUITE_P(
    Samples, WordRule,
    ::testing::Values(
        WordCase{"common/a_test.cc", "std::this_thread::sleep_for(x);", false},
        WordCase{"tests/e2e/a.cc", "absl::SleepFor(x);", false},
        WordCase{"tests/e2e/a.cc", "// no sleep_for here", true},
        WordCase{"tests/support/a.cc", "absl::SleepFor(x);", true},
        WordCase{"storage/a.cc", "auto now = absl::Now();", false},
        WordCase{"storage/a_test.cc", "auto now = absl::Now();", true},
        WordCase{"common/clock.h", "return absl::Now();", true},
        WordCase{"storage/a.cc", "auto now = clock->Now();", true},
        WordCase{"storage/a.cc", "R\"(SELECT * FROM events)\"", false},
        WordCase{"storage/a.cc", "\"SELECT seq FROM events\"", true},
        WordCase{"storage/a.cc", "// TODO: later", false},
        WordCase{"storage/a.cc", "// TODO(pia): later", true},
        WordCase{"storage/a.cc", "throw std::runtime_error(x);", false},
        WordCase{"storage/a.cc", "// it may throw", true},
        WordCase{"storage/a.cc", "Reject(\"do not throw\");", true},
        WordCase{"storage/a.cc", "std::mutex mutex_;", false}));

TEST(TidyRuleTest, GuardFollowsThePath) {
  const std::string good =
      "// A.\n#ifndef MQTTPUSH_STORAGE_A_B_H_\n"
      "#define MQTTPUSH_STORAGE_A_B_H_\n\n"
      "#endif  // MQTTPUSH_STORAGE_A_B_H_\n";
  EXPECT_THAT(CheckHeader({"storage/a_b.h", good}), IsEmpty());
  EXPECT_THAT(CheckHeader({"common/a_b.h", good}),
              ElementsAre(HasSubstr("MQTTPUSH_COMMON_A_B_H_")));
  EXPECT_THAT(CheckHeader({"storage/a_b.h", good.substr(6)}),
              ElementsAre(HasSubstr("begin with a comment")));
  EXPECT_THAT(CheckHeader({"storage/a_b.cc", ""}), IsEmpty());
}

TEST(TidyRuleTest, LongLinesAndFilesAreRefused) {
  const std::string wide(81, 'x');
  EXPECT_THAT(CheckSize({"a.cc", wide.substr(1) + "\n"}), IsEmpty());
  EXPECT_THAT(CheckSize({"a.cc", "x\n" + wide + "\n"}),
              ElementsAre(HasSubstr("a.cc:2")));
  EXPECT_THAT(CheckSize({"a.cc", "// https://" + wide + "\n"}), IsEmpty());
  std::string umlauts;
  for (int i = 0; i < 80; ++i) umlauts += "ü";
  EXPECT_THAT(CheckSize({"a.cc", umlauts + "\n"}), IsEmpty());

  std::string lines;
  for (int i = 0; i < 600; ++i) lines += "x\n";
  EXPECT_THAT(CheckSize({"a.cc", lines}), IsEmpty());
  EXPECT_THAT(CheckSize({"a.cc", lines + "x\n"}),
              ElementsAre(HasSubstr("600")));
}

TEST(TidyRuleTest, CodeOfDropsCommentsAndStrings) {
  EXPECT_EQ(CodeOf("a(\"b // c\", 'd'); // e"), "a(, ); ");
  EXPECT_EQ(CodeOf(R"(f("a \" b") + c)"), "f() + c");
}

}  // namespace
}  // namespace mqttpush
