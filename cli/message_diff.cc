#include "cli/message_diff.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/field_docs.h"
#include "cli/message_yaml.h"
#include "cli/text.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/util/time_util.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxShownBytes = 200;

bool IsOwnMessage(const FieldDescriptor& field) {
  return field.message_type() != nullptr && !field.is_repeated() &&
         !absl::StartsWith(field.message_type()->full_name(), "google.");
}

std::string MessageText(const Message& message) {
  if (const auto* duration =
          google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
              &message)) {
    return google::protobuf::util::TimeUtil::ToString(*duration);
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  return absl::StrCat("{ ", text, "}");
}

std::string ElementText(const Message& message, const FieldDescriptor& field,
                        int index) {
  const Reflection* reflection = message.GetReflection();
  if (field.message_type() == nullptr) {
    return ScalarText(message, field, index);
  }
  const Message& element =
      index < 0 ? reflection->GetMessage(message, &field)
                : reflection->GetRepeatedMessage(message, &field, index);
  if (!field.is_map()) return MessageText(element);
  const auto& type = *field.message_type();
  return absl::StrCat(ScalarText(element, *type.map_key()), ": ",
                      ScalarText(element, *type.map_value()));
}

std::string ValueText(const Message& message, const FieldDescriptor& field) {
  const Reflection* reflection = message.GetReflection();
  std::string text;
  if (field.is_repeated()) {
    std::vector<std::string> elements;
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      elements.push_back(ElementText(message, field, i));
    }
    if (elements.empty()) return "(default)";
    text = absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
  } else {
    if (!reflection->HasField(message, &field)) return "(default)";
    text = ElementText(message, field, -1);
  }
  if (text.size() <= kMaxShownBytes) return text;
  return absl::StrCat("(", FormatBytes(text.size()), ")");
}

// Whether it is the same, whatever ValueText() shows.
bool SameField(const Message& before, const Message& after,
               const FieldDescriptor& field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(before, after, {&field}, {&field});
}

void Diff(const Message& before, const Message& after,
          const std::string& prefix, std::vector<FieldChange>& changes) {
  const auto& type = *before.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsOutputOnly(field) || IsSecret(field)) continue;
    const std::string path = absl::StrCat(prefix, field.name());
    if (IsOwnMessage(field)) {
      Diff(before.GetReflection()->GetMessage(before, &field),
           after.GetReflection()->GetMessage(after, &field),
           absl::StrCat(path, "."), changes);
    } else if (!SameField(before, after, field)) {
      changes.push_back(
          {path, ValueText(before, field), ValueText(after, field)});
    }
  }
}

void FindSecrets(const Message& message, const std::string& prefix,
                 std::vector<std::string>& paths) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = absl::StrCat(prefix, field->name());
    if (IsSecret(*field)) {
      paths.push_back(path);
    } else if (IsOwnMessage(*field)) {
      FindSecrets(message.GetReflection()->GetMessage(message, field),
                  absl::StrCat(path, "."), paths);
    }
  }
}

}  // namespace

std::vector<FieldChange> DiffMessages(const Message& before,
                                      const Message& after) {
  std::vector<FieldChange> changes;
  Diff(before, after, "", changes);
  return changes;
}

std::vector<std::string> SecretsIn(const Message& message) {
  std::vector<std::string> paths;
  FindSecrets(message, "", paths);
  return paths;
}

void CopyField(const Message& from, const std::string& path, Message* to) {
  const size_t dot = path.find('.');
  const auto* field =
      from.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (dot != std::string::npos) {
    return CopyField(from.GetReflection()->GetMessage(from, field),
                     path.substr(dot + 1),
                     to->GetReflection()->MutableMessage(to, field));
  }
  to->GetReflection()->SetString(to, field,
                                 from.GetReflection()->GetString(from, field));
}

}  // namespace mqttpush::cli
