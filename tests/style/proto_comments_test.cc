// The rules of the protos that a machine can check: every element says what it
// is, and the API looks the same everywhere.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

// Walks over all elements of our files and collects complaints.
class ProtoStyle {
 public:
  explicit ProtoStyle(const FileDescriptor& file)
      : api_(absl::StartsWith(file.package(), "mqttpush.")) {
    for (int i = 0; i < file.service_count(); ++i) Visit(*file.service(i));
    for (int i = 0; i < file.message_type_count(); ++i) {
      Visit(*file.message_type(i));
    }
    for (int i = 0; i < file.enum_type_count(); ++i) Visit(*file.enum_type(i));
  }

  const std::vector<std::string>& complaints() const { return complaints_; }
  int elements() const { return elements_; }

 private:
  void Visit(const ServiceDescriptor& service) {
    NeedComment(service);
    for (int i = 0; i < service.method_count(); ++i) {
      NeedComment(*service.method(i));
      if (absl::StartsWith(service.method(i)->name(), "List")) {
        NeedPages(*service.method(i)->input_type(),
                  *service.method(i)->output_type());
      }
    }
  }

  void Visit(const Descriptor& message) {
    if (message.options().map_entry()) return;
    NeedComment(message);
    for (int i = 0; i < message.field_count(); ++i) Visit(*message.field(i));
    for (int i = 0; i < message.nested_type_count(); ++i) {
      Visit(*message.nested_type(i));
    }
    for (int i = 0; i < message.enum_type_count(); ++i) {
      Visit(*message.enum_type(i));
    }
  }

  // AIP-141: many languages have no unsigned integers.
  void Visit(const FieldDescriptor& field) {
    NeedComment(field);
    const auto type = field.cpp_type();
    if (type == FieldDescriptor::CPPTYPE_UINT32 ||
        type == FieldDescriptor::CPPTYPE_UINT64) {
      Complain(field.full_name(), "is unsigned; take int32 or int64");
    }
  }

  // AIP-126.
  void Visit(const EnumDescriptor& type) {
    NeedComment(type);
    for (int i = 0; i < type.value_count(); ++i) NeedComment(*type.value(i));
    const auto* zero = type.FindValueByNumber(0);
    if (api_ &&
        (zero == nullptr || !absl::EndsWith(zero->name(), "_UNSPECIFIED"))) {
      Complain(type.full_name(), "has no …_UNSPECIFIED = 0");
    }
  }

  // AIP-158.
  void NeedPages(const Descriptor& request, const Descriptor& response) {
    for (const char* field : {"page_size", "page_token"}) {
      if (request.FindFieldByName(field) == nullptr) {
        Complain(request.full_name(), absl::StrCat("has no ", field));
      }
    }
    const FieldDescriptor* first = response.FindFieldByNumber(1);
    if (first == nullptr || !first->is_repeated()) {
      Complain(response.full_name(), "does not have its list as field 1");
    }
    if (response.FindFieldByName("next_page_token") == nullptr) {
      Complain(response.full_name(), "has no next_page_token");
    }
  }

  template <typename Element>
  void NeedComment(const Element& element) {
    ++elements_;
    SourceLocation location;
    if (!element.GetSourceLocation(&location) ||
        absl::StripAsciiWhitespace(location.leading_comments).empty()) {
      Complain(element.full_name(), "has no comment above it");
    }
  }

  void Complain(const std::string& name, absl::string_view what) {
    complaints_.push_back(absl::StrCat(name, " ", what));
  }

  const bool api_;  // not one of the public protocols that we follow
  int elements_ = 0;
  std::vector<std::string> complaints_;
};

TEST(ProtoCommentsTest, EveryElementKeepsTheRules) {
  std::ifstream file(MQTTPUSH_DESCRIPTOR_SET, std::ios::binary);
  google::protobuf::FileDescriptorSet set;
  ASSERT_TRUE(set.ParseFromIstream(&file)) << MQTTPUSH_DESCRIPTOR_SET;
  DescriptorPool pool;
  int elements = 0;
  for (const auto& proto : set.file()) {
    const FileDescriptor* built = pool.BuildFile(proto);
    ASSERT_NE(built, nullptr) << proto.name();
    if (absl::StartsWith(proto.name(), "google/protobuf/")) continue;
    const ProtoStyle style(*built);
    elements += style.elements();
    for (const std::string& complaint : style.complaints()) {
      ADD_FAILURE() << proto.name() << ": " << complaint;
    }
  }
  EXPECT_GT(elements, 200);  // the descriptor set holds the API
}

// The rules themselves: a file that breaks each of them.
TEST(ProtoCommentsTest, ABadFileIsComplainedAbout) {
  google::protobuf::FileDescriptorProto bad;
  bad.set_name("bad.proto");
  bad.set_package("mqttpush.v1");
  bad.set_syntax("proto3");
  auto* message = bad.add_message_type();
  message->set_name("ListThingsRequest");
  auto* field = message->add_field();
  field->set_name("count");
  field->set_number(1);
  field->set_type(google::protobuf::FieldDescriptorProto::TYPE_UINT32);
  auto* type = bad.add_enum_type();
  type->set_name("Kind");
  auto* value = type->add_value();
  value->set_name("FIRST");
  value->set_number(0);
  auto* service = bad.add_service();
  service->set_name("Things");
  auto* method = service->add_method();
  method->set_name("ListThings");
  method->set_input_type(".mqttpush.v1.ListThingsRequest");
  method->set_output_type(".mqttpush.v1.ListThingsRequest");
  DescriptorPool pool;
  const FileDescriptor* built = pool.BuildFile(bad);
  ASSERT_NE(built, nullptr);
  // Six without a comment, one unsigned, one enum, four about pages.
  EXPECT_EQ(ProtoStyle(*built).complaints().size(), 12u);
}

}  // namespace
}  // namespace mqttpush
