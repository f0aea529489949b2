#include "services/flowcore/shared_secret.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SharedSecretTest, MatchesItselfOnly) {
  const auto secret = SharedSecret::Make("s3cret");
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_TRUE(secret->Matches("s3cret"));
  for (const char* other : {"", "s3cre", "s3cret ", "s3cretx", "S3CRET"}) {
    EXPECT_FALSE(secret->Matches(other)) << other;
  }
}

TEST(SharedSecretTest, ComesFromAFileThatMayEndWithANewLine) {
  TempDir dir;
  WriteFile(dir.File("secret"), "s3cret\r\n");
  const auto secret = SharedSecret::Load(dir.File("secret"));
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_TRUE(secret->Matches("s3cret"));
}

TEST(SharedSecretTest, WhatCouldNotBeSentIsRefusedWithoutBeingShown) {
  TempDir dir;
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("two words"),
        std::string("\xc3"), std::string(1025, 'x')}) {
    WriteFile(dir.File("secret"), text);
    const auto secret = SharedSecret::Load(dir.File("secret"));
    EXPECT_EQ(secret.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(secret.status().message());
    EXPECT_THAT(message, HasSubstr("must hold 1 to 1024 printable ASCII"));
    EXPECT_THAT(message, Not(HasSubstr("words")));
  }
  EXPECT_EQ(SharedSecret::Load(dir.File("nowhere")).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace mqttpush
