#include "cli/field_docs.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/text.h"
#include "cli/words.h"
#include "google/protobuf/descriptor.pb.h"

namespace mqttpush {
// Of resources.proto with all it imports; see CMakeLists.txt.
extern const unsigned char kResourceDescriptors[];
extern const size_t kResourceDescriptorsSize;
}  // namespace mqttpush

namespace mqttpush::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// The generated code has the same descriptors, but without comments.
const DescriptorPool& CommentedPool() {
  static const DescriptorPool* const pool = [] {
    google::protobuf::FileDescriptorSet files;
    files.ParseFromArray(kResourceDescriptors, kResourceDescriptorsSize);
    auto* built = new DescriptorPool();
    for (const auto& file : files.file()) built->BuildFile(file);
    return built;
  }();
  return *pool;
}

std::string TypeWord(const FieldDescriptor& field) {
  if (field.is_map()) return "map";
  std::string word = field.cpp_type_name();
  if (field.enum_type() != nullptr) word = EnumChoices(*field.enum_type());
  if (field.message_type() != nullptr) {
    word = absl::StartsWith(field.message_type()->full_name(), "google.")
               ? field.message_type()->name()
               : "fields below";
  }
  if (IsSecret(field)) word = "secret";
  return absl::StrCat(field.is_repeated() ? "list of " : "", word);
}

void AppendFields(const Descriptor& type, const std::string& prefix,
                  std::string& help) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsOutputOnly(field)) continue;
    const std::string path = absl::StrCat(prefix, field.name());
    absl::StrAppend(&help, "  ", path, "  (", TypeWord(field), ")\n");
    for (const std::string& line : Wrap(DocOf(field), 66)) {
      absl::StrAppend(&help, "      ", line, "\n");
    }
    if (field.message_type() != nullptr && !field.is_map() &&
        !absl::StartsWith(field.message_type()->full_name(), "google.")) {
      AppendFields(*field.message_type(),
                   absl::StrCat(path, field.is_repeated() ? "[]." : "."), help);
    }
  }
}

}  // namespace

std::string DocOf(const FieldDescriptor& field) {
  const FieldDescriptor* commented =
      CommentedPool().FindFieldByName(field.full_name());
  google::protobuf::SourceLocation location;
  if (commented == nullptr || !commented->GetSourceLocation(&location)) {
    return "";
  }
  return absl::StrJoin(
      absl::StrSplit(location.leading_comments, absl::ByAnyChar(" \n"),
                     absl::SkipEmpty()),
      " ");
}

bool IsOutputOnly(const FieldDescriptor& field) {
  const std::string doc = DocOf(field);
  return absl::StartsWith(doc, "Output only") ||
         absl::StartsWith(doc, "Identifier.");
}

bool IsSecret(const FieldDescriptor& field) {
  return absl::StartsWith(DocOf(field), "Input only");
}

std::string FieldHelp(const Descriptor& type) {
  std::string help;
  AppendFields(type, "", help);
  help.pop_back();  // the last line's end
  return help;
}

}  // namespace mqttpush::cli
