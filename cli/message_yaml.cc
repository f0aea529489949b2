#include "cli/message_yaml.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/field_docs.h"
#include "cli/times.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/time_util.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::TimeUtil;

class YamlWriter {
 public:
  explicit YamlWriter(absl::Time now) : now_(now) {}

  // `lead` begins each line: spaces, and "# " in comments.
  void Write(const Message& message, const std::string& lead);
  std::string Take() { return std::move(text_); }

 private:
  void WriteField(const Message& message, const FieldDescriptor& field,
                  const std::string& lead);
  void WriteMap(const Message& message, const FieldDescriptor& field,
                const std::string& lead);
  void WriteList(const Message& message, const FieldDescriptor& field,
                 const std::string& lead);
  void WriteBlock(const std::string& value, const std::string& lead);
  void WriteMessage(const Message& value, const std::string& lead);

  const absl::Time now_;
  std::string text_;
};

void YamlWriter::Write(const Message& message, const std::string& lead) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!IsOutputOnly(*field)) WriteField(message, *field, lead);
  }
  for (const FieldDescriptor* field : fields) {
    // Within what is a comment already there is no second one.
    const bool is_comment = absl::StrContains(lead, "# ");
    if (!IsOutputOnly(*field) || field->name() == "name") continue;
    WriteField(message, *field, is_comment ? lead : absl::StrCat(lead, "# "));
  }
}

void YamlWriter::WriteField(const Message& message,
                            const FieldDescriptor& field,
                            const std::string& lead) {
  if (field.is_map()) return WriteMap(message, field, lead);
  if (field.is_repeated()) return WriteList(message, field, lead);
  absl::StrAppend(&text_, lead, field.name(), ":");
  if (field.message_type() != nullptr) {
    return WriteMessage(message.GetReflection()->GetMessage(message, &field),
                        lead);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return WriteBlock(message.GetReflection()->GetString(message, &field),
                      lead);
  }
  absl::StrAppend(&text_, " ", ScalarText(message, field), "\n");
}

void YamlWriter::WriteMessage(const Message& value, const std::string& lead) {
  if (const auto* time =
          google::protobuf::DynamicCastToGenerated<google::protobuf::Timestamp>(
              &value)) {
    const absl::Time when =
        absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(*time));
    const std::string relative = FormatRelative(when, now_);
    absl::StrAppend(&text_, " ", FormatSeconds(when));
    if (relative != FormatSeconds(when)) {
      absl::StrAppend(&text_, "  # ", relative);
    }
    absl::StrAppend(&text_, "\n");
  } else if (const auto* duration = google::protobuf::DynamicCastToGenerated<
                 google::protobuf::Duration>(&value)) {
    absl::StrAppend(&text_, " ", TimeUtil::ToString(*duration), "\n");
  } else {
    absl::StrAppend(&text_, "\n");
    Write(value, absl::StrCat(lead, "  "));
  }
}

void YamlWriter::WriteMap(const Message& message, const FieldDescriptor& field,
                          const std::string& lead) {
  absl::StrAppend(&text_, lead, field.name(), ":\n");
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    const Message& pair = reflection->GetRepeatedMessage(message, &field, i);
    absl::StrAppend(&text_, lead, "  ",
                    ScalarText(pair, *field.message_type()->map_key()), ": ",
                    ScalarText(pair, *field.message_type()->map_value()), "\n");
  }
}

void YamlWriter::WriteList(const Message& message, const FieldDescriptor& field,
                           const std::string& lead) {
  absl::StrAppend(&text_, lead, field.name(), ":\n");
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    if (field.message_type() == nullptr) {
      absl::StrAppend(&text_, lead, "  - ", ScalarText(message, field, i),
                      "\n");
      continue;
    }
    YamlWriter element(now_);
    element.Write(reflection->GetRepeatedMessage(message, &field, i), "");
    std::string bullet = "  - ";
    for (absl::string_view line :
         absl::StrSplit(element.Take(), '\n', absl::SkipEmpty())) {
      absl::StrAppend(&text_, lead, bullet, line, "\n");
      bullet = "    ";
    }
  }
}

void YamlWriter::WriteBlock(const std::string& value, const std::string& lead) {
  if (!absl::StrContains(value, '\n')) {
    absl::StrAppend(&text_, " ", Quoted(value), "\n");
    return;
  }
  absl::StrAppend(&text_, " |\n");
  for (absl::string_view line :
       absl::StrSplit(absl::StripSuffix(value, "\n"), '\n')) {
    absl::StrAppend(&text_, lead, "  ", line, "\n");
  }
}

// Means itself in YAML, and to SetFields().
bool IsPlain(absl::string_view text) {
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") {
    return false;
  }
  for (const char byte : text) {
    if (!absl::ascii_isalnum(byte) && !absl::StrContains("._/-+@ ", byte)) {
      return false;
    }
  }
  return absl::ascii_isalnum(text.front()) && absl::ascii_isalnum(text.back());
}

}  // namespace

std::string ToYaml(const Message& message, absl::Time now) {
  YamlWriter writer(now);
  writer.Write(message, "");
  return writer.Take();
}

std::string ScalarText(const Message& message, const FieldDescriptor& field,
                       int index) {
  const auto* reflection = message.GetReflection();
  std::string text;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return Quoted(index < 0
                      ? reflection->GetString(message, &field)
                      : reflection->GetRepeatedString(message, &field, index));
  }
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, index,
                                                        &text);
  return text;
}

std::string Quoted(absl::string_view text) {
  if (IsPlain(text)) return std::string(text);
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.String(text.data(), text.size());
  return buffer.GetString();
}

}  // namespace mqttpush::cli
