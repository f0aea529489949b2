#include "services/admin/update_mask.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mqttpush/v1/resources.pb.h"

namespace mqttpush {
namespace {

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

struct Case {
  std::vector<std::string> paths;
  std::string source;
  std::string target;
  std::string want;
};

template <typename Message>
void Check(const Case& c) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : c.paths) mask.add_paths(path);
  Message target = Parse<Message>(c.target);
  Violations violations;
  MergeByMask(Parse<Message>(c.source), mask, &target, &violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      target, Parse<Message>(c.want)))
      << target.DebugString() << "want\n"
      << c.want;
}

TEST(UpdateMaskTest, NamedFieldsAreSetOrCleared) {
  Check<v1::Broker>({{"host"},
                     "host: 'b' port: 2",
                     "host: 'a' port: 1",
                     "host: 'b' port: 1"});
  Check<v1::Broker>({{"host"}, "", "host: 'a' port: 1", "port: 1"});
  Check<v1::Broker>({{"tls"},
                     "tls { enabled: true }",
                     "tls { server_name: 'x' }",
                     "tls { enabled: true }"});
  Check<v1::Broker>({{"tls"}, "", "tls { enabled: true }", ""});
  Check<v1::Broker>({{"tls.server_name"},
                     "tls { server_name: 'y' }",
                     "tls { enabled: true server_name: 'x' }",
                     "tls { enabled: true server_name: 'y' }"});
  Check<v1::Broker>({{"keep_alive"}, "", "keep_alive { seconds: 5 }", ""});
}

TEST(UpdateMaskTest, ListsAndMapsAreReplaced) {
  Check<v1::Tenant>({{"owner_ids"},
                     "owner_ids: 'b'",
                     "owner_ids: 'a' owner_ids: 'c'",
                     "owner_ids: 'b'"});
  Check<v1::Tenant>({{"labels"},
                     "labels { key: 'b' value: '2' }",
                     "labels { key: 'a' value: '1' }",
                     "labels { key: 'b' value: '2' }"});
  Check<v1::Tenant>({{"owner_ids"}, "", "owner_ids: 'a'", ""});
}

TEST(UpdateMaskTest, StarReplacesEverything) {
  Check<v1::Broker>({{"*"},
                     "host: 'b' tls { enabled: true }",
                     "host: 'a' port: 1 tls { server_name: 'x' }",
                     "host: 'b' tls { enabled: true }"});
}

TEST(UpdateMaskTest, NoMaskMeansWhatIsSet) {
  Check<v1::Broker>({{},
                     "host: 'b' tls { enabled: true } session_expiry {}",
                     "host: 'a' port: 1 tls { server_name: 'x' }"
                     " session_expiry { seconds: 9 }",
                     "host: 'b' port: 1 tls { enabled: true server_name: 'x' }"
                     " session_expiry {}"});
  Check<v1::Subscription>(
      {{}, "event_id_field: ''", "event_id_field: 'x'", "event_id_field: ''"});
  Check<v1::Subscription>({{},
                           "",
                           "event_id_field: 'x' topic: 't'",
                           "event_id_field: 'x' topic: 't'"});
}

TEST(UpdateMaskTest, ReportsEveryUnknownPath) {
  google::protobuf::FieldMask mask;
  for (const char* path : {"hots", "host", "tls.nope", "labels.a", "", "*"}) {
    mask.add_paths(path);
  }
  v1::Broker target;
  Violations violations;
  MergeByMask(Parse<v1::Broker>("host: 'b'"), mask, &target, &violations);
  EXPECT_EQ(target.host(), "b");
  EXPECT_THAT(std::string(violations.ToStatus().message()),
              "update_mask: \"hots\" is not a field of Broker; "
              "update_mask: \"tls.nope\" is not a field of Broker; "
              "update_mask: \"labels.a\" is not a field of Broker; and 2 more");
}

TEST(UpdateMaskTest, MaskNamesIsExact) {
  google::protobuf::FieldMask mask;
  mask.add_paths("username_password.password");
  EXPECT_TRUE(MaskNames(mask, "username_password.password"));
  EXPECT_FALSE(MaskNames(mask, "username_password"));
}

}  // namespace
}  // namespace mqttpush
