#include "services/flowcore/tokens_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StrEq;

// printf %s NAME | sha256sum
constexpr char kOne[] =
    "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
constexpr char kTwo[] =
    "3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3";

TEST(TokenOfTest, TakesWhatFlowcoreSends) {
  EXPECT_EQ(TokenOf("ApiKey id:fc_id_secret"), "fc_id_secret");
  EXPECT_EQ(TokenOf("apikey id:a:b"), "a:b");
  EXPECT_EQ(TokenOf("Bearer one"), "one");
  EXPECT_EQ(TokenOf("bearer  one "), "one");
  for (const char* other : {"", "one", "Basic b25l", "ApiKey one", "Bearer"}) {
    EXPECT_EQ(TokenOf(other), "") << other;
  }
}

TEST(ParseTokensTest, TakesLinesAndComments) {
  const auto tokens =
      ParseTokens(absl::StrCat("# all of them\n\nacme ", kOne,
                               "  # the first\n\tother\t", kTwo, "\r\n"));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ(tokens->size(), 2u);
  EXPECT_EQ((*tokens)[0].tenant_id, "acme");
  EXPECT_EQ((*tokens)[0].sha256[0], 0x76);
  EXPECT_EQ((*tokens)[1].tenant_id, "other");
  EXPECT_TRUE(ParseTokens("")->empty());
}

TEST(ParseTokensTest, NamesTheLineButShowsNothingOfIt) {
  const std::string good = absl::StrCat("acme ", kOne, "\n");
  const std::pair<std::string, std::string> cases[] = {
      {"acme", "must be a tenant id and a digest"},
      {"acme fc_id_secret", "64 hexadecimal digits"},
      {absl::StrCat("a b ", kTwo), "must be a tenant id and a digest"},
      {absl::StrCat("acme ", kTwo, "00"), "64 hexadecimal digits"},
      {absl::StrCat(std::string(65, 'a'), " ", kTwo), "a tenant id"},
      {absl::StrCat("other ", kOne), "the digest of an earlier line"},
      // printf '' | sha256sum
      {"other "
       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "the digest of an empty token"}};
  for (const auto& [line, rule] : cases) {
    const auto tokens = ParseTokens(absl::StrCat(good, "\n", line, "\n"));
    EXPECT_THAT(
        std::string(tokens.status().message()),
        AllOf(HasSubstr("line 3 "), HasSubstr(rule), Not(HasSubstr("secret"))))
        << line;
  }
}

class TokensFileTest : public ::testing::Test {
 protected:
  // As Kubernetes does: another file takes its place.
  void Replace(const std::string& text) {
    WriteFile(temp_.File("new"), text);
    ASSERT_EQ(rename(temp_.File("new").c_str(), path_.c_str()), 0);
  }

  TempDir temp_;
  const std::string path_ = temp_.File("tokens");
};

TEST_F(TokensFileTest, FollowsTheFile) {
  Replace(absl::StrCat("acme ", kOne, "\n"));
  auto tokens = TokensFile::Open(path_);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT((*tokens)->FindTenant("one"), Optional(StrEq("acme")));
  EXPECT_EQ((*tokens)->FindTenant("two"), std::nullopt);
  EXPECT_EQ((*tokens)->FindTenant(""), std::nullopt);
  EXPECT_EQ((*tokens)->FindTenant(kOne), std::nullopt);

  Replace(absl::StrCat("acme ", kOne, "\nother ", kTwo, "\n"));
  EXPECT_THAT((*tokens)->FindTenant("two"), Optional(StrEq("other")));
  Replace("# none\n");
  EXPECT_EQ((*tokens)->FindTenant("one"), std::nullopt);
}

TEST_F(TokensFileTest, KeepsTheLastGoodOnes) {
  Replace(absl::StrCat("acme ", kOne, "\n"));
  auto tokens = *TokensFile::Open(path_);
  Replace(absl::StrCat("acme ", kTwo, "\noops\n"));
  testing::internal::CaptureStderr();
  EXPECT_THAT(tokens->FindTenant("one"), Optional(StrEq("acme")));
  EXPECT_EQ(tokens->FindTenant("two"), std::nullopt);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("error=\"line 2 must be"));
  EXPECT_EQ(log.find("flowcore_tokens_not_read"),
            log.rfind("flowcore_tokens_not_read"));

  unlink(path_.c_str());
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);  // as a mount without its source
  EXPECT_THAT(tokens->FindTenant("one"), Optional(StrEq("acme")));
  ASSERT_EQ(rmdir(path_.c_str()), 0);
  EXPECT_THAT(tokens->FindTenant("one"), Optional(StrEq("acme")));
  Replace(absl::StrCat("acme ", kTwo, "\n"));
  EXPECT_THAT(tokens->FindTenant("two"), Optional(StrEq("acme")));
}

TEST_F(TokensFileTest, MustBeGoodToBeginWith) {
  EXPECT_EQ(TokensFile::Open(path_).status().code(),
            absl::StatusCode::kNotFound);
  Replace("acme\n");
  const auto tokens = TokensFile::Open(path_);
  EXPECT_EQ(tokens.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(tokens.status().message()),
              HasSubstr(path_ + " line 1 must be"));
}

}  // namespace
}  // namespace mqttpush
