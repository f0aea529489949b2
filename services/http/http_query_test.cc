#include "services/http/http_query.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::StrEq;

TEST(HttpQueryTest, FindsParameters) {
  const HttpQuery query("a=1&b=&a=2&&c&=x&d=1=2");
  EXPECT_THAT(query.Get("a"), Optional(StrEq("1")));
  EXPECT_THAT(query.All("a"), ElementsAre("1", "2"));
  EXPECT_THAT(query.Get("b"), Optional(StrEq("")));
  EXPECT_THAT(query.Get("c"), Optional(StrEq("")));
  EXPECT_THAT(query.Get("d"), Optional(StrEq("1=2")));
  EXPECT_EQ(query.Get("e"), std::nullopt);
  EXPECT_THAT(query.All("e"), IsEmpty());
  EXPECT_EQ(HttpQuery("").Get(""), std::nullopt);
}

TEST(HttpQueryTest, Decodes) {
  EXPECT_EQ(HttpQuery::Decode("a+b%20c%2Fd%2f%C3%A6"), "a b c/d/\xC3\xA6");
  EXPECT_EQ(HttpQuery::Decode("100%"), "100%");
  EXPECT_EQ(HttpQuery::Decode("%4"), "%4");
  EXPECT_EQ(HttpQuery::Decode("%zz%41"), "%zzA");
  EXPECT_THAT(HttpQuery("a%3D=%26").Get("a="), Optional(StrEq("&")));
}

}  // namespace
}  // namespace mqttpush
