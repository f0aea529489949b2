#include "common/topic_template.h"

#include <string>

#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

const TopicFields kFields = {"acme", "reeferdata", "asset-7", "owner-1"};

TEST(TopicTemplateTest, RendersPlaceholders) {
  const struct {
    std::string topic_template;
    std::string want;
  } cases[] = {
      {"globe-tracker/events", "globe-tracker/events"},
      {"globe-tracker/events/{objectType}", "globe-tracker/events/reeferdata"},
      {"{tenant}/{objectType}/{assetId}/{ownerId}",
       "acme/reeferdata/asset-7/owner-1"},
      {"{tenant}{tenant}", "acmeacme"},
      {"/{tenant}/", "/acme/"},
      {"flåde/冷藏/a$b c", "flåde/冷藏/a$b c"},
      {std::string(limits::kMaxTopicBytes, 'x'),
       std::string(limits::kMaxTopicBytes, 'x')},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(ValidateTopicTemplate(c.topic_template).ok())
        << c.topic_template;
    auto topic = RenderTopic(c.topic_template, kFields);
    ASSERT_TRUE(topic.ok()) << topic.status();
    EXPECT_EQ(*topic, c.want);
  }
}

TEST(TopicTemplateTest, RefusesBadTemplatesByName) {
  const struct {
    std::string topic_template;
    std::string want;
  } cases[] = {
      {"", "must not be empty"},
      {"a/+/b", "must not contain '+' or '#'"},
      {"a/#", "must not contain '+' or '#'"},
      {"{tenant}/#", "must not contain '+' or '#'"},
      {std::string("a\0b", 3), "must not contain NUL"},
      {"$SYS/x", "must not begin with '$'"},
      {"a/\xC3\x28", "valid UTF-8"},
      {"a/\xED\xA0\x80", "valid UTF-8"},
      {std::string(limits::kMaxTopicBytes + 1, 'x'), "65535 bytes"},
      {"a/{asset}", "unknown placeholder {asset}"},
      {"a/{objecttype}", "unknown placeholder {objecttype}"},
      {"a/{}", "unknown placeholder {}"},
      {"a/{ tenant}", "unknown placeholder { tenant}"},
      {"a/{tenant", "'{' without '}': {tenant"},
      {"a/{{tenant}}", "'{' without '}'"},
      {"a/tenant}", "'}' without '{'"},
      {"{tenant}}", "'}' without '{'"},
      {"a{", "'{' without '}'"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ValidateTopicTemplate(c.topic_template);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.want))
        << c.topic_template;
    EXPECT_FALSE(RenderTopic(c.topic_template, kFields).ok());
  }
}

TEST(TopicTemplateTest, RefusesValuesThatLeaveTheirLevel) {
  const struct {
    std::string asset_id;
    std::string want;
  } cases[] = {
      {"", "value of {assetId} must not be empty"},
      {"a/b", "value of {assetId} must not contain '/'"},
      {"+", "value of {assetId} must not contain '+'"},
      {"a#", "value of {assetId} must not contain '#'"},
      {std::string("a\0", 2), "value of {assetId} must not contain NUL"},
      {"\xFF", "valid UTF-8"},
      {"$SYS", "must not begin with '$'"},
      {std::string(limits::kMaxTopicBytes, 'x'), "65535 bytes"},
  };
  for (const auto& c : cases) {
    TopicFields fields = kFields;
    fields.asset_id = c.asset_id;
    auto topic = RenderTopic("{assetId}/x", fields);
    EXPECT_EQ(topic.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(topic.status().message()), HasSubstr(c.want));
    // Only what the template uses matters.
    EXPECT_TRUE(RenderTopic("{tenant}", fields).ok());
  }
}

TEST(TopicTemplateTest, ValuesAreNotExpandedAgain) {
  TopicFields fields = kFields;
  fields.asset_id = "{tenant}";
  EXPECT_EQ(RenderTopic("x/{assetId}", fields).value(), "x/{tenant}");
}

}  // namespace
}  // namespace mqttpush
