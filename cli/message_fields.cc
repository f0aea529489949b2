#include "cli/message_fields.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/field_docs.h"
#include "cli/times.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "google/protobuf/util/time_util.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Sets one value: the field itself, or a new element of a list.
class ValueSetter {
 public:
  ValueSetter(const FieldSource& source, Message* message,
              const FieldDescriptor& field)
      : source_(source), message_(message), field_(field) {}

  absl::Status Set(const YAML::Node& node,
                   std::vector<std::string>* paths) const;

 private:
  absl::Status Error(const YAML::Node& node, absl::string_view what) const {
    return YamlError(source_.name, node,
                     absl::StrCat(field_.name(), ": ", what));
  }
  absl::Status SetMessage(const YAML::Node& node,
                          std::vector<std::string>* paths) const;
  absl::Status SetText(const YAML::Node& node) const;
  absl::StatusOr<std::string> TextOf(const YAML::Node& node) const;
  absl::Status SetScalar(const YAML::Node& node) const;
  // Reflection has one function for a single value and one for an element.
  template <typename Value, typename Single, typename Element>
  absl::Status Store(Value value, Single single, Element element) const {
    const auto* reflection = message_->GetReflection();
    const auto function = field_.is_repeated() ? element : single;
    (reflection->*function)(message_, &field_, std::move(value));
    return absl::OkStatus();
  }

  const FieldSource& source_;
  Message* const message_;
  const FieldDescriptor& field_;
};

// {file: PATH} or {env: NAME}.
bool IsReference(const YAML::Node& node) {
  if (!node.IsMap() || node.size() != 1) return false;
  const std::string key = node.begin()->first.Scalar();
  return key == "file" || key == "env";
}

absl::Status ValueSetter::Set(const YAML::Node& node,
                              std::vector<std::string>* paths) const {
  switch (field_.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(node, paths);
    case FieldDescriptor::CPPTYPE_STRING:
      return SetText(node);
    default:
      if (!node.IsScalar()) return Error(node, "must be one value");
      return SetScalar(node);
  }
}

absl::Status ValueSetter::SetMessage(const YAML::Node& node,
                                     std::vector<std::string>* paths) const {
  Message* value =
      field_.is_repeated()
          ? message_->GetReflection()->AddMessage(message_, &field_)
          : message_->GetReflection()->MutableMessage(message_, &field_);
  auto* duration =
      google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
          value);
  if (duration == nullptr) {
    return SetFields(source_, node, value, paths);
  }
  absl::Duration length;
  if (!node.IsScalar() || !absl::ParseDuration(node.Scalar(), &length) ||
      length == absl::InfiniteDuration()) {
    return Error(node, "must be a duration, as 90s or 1h30m");
  }
  *duration = google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(length));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ValueSetter::TextOf(const YAML::Node& node) const {
  if (node.IsScalar()) return node.Scalar();
  const std::string key = node.begin()->first.Scalar();
  const std::string value = node.begin()->second.Scalar();
  if (key == "env") {
    const auto text = source_.environment(value);
    if (text.has_value()) return *text;
    return Error(node, absl::StrCat("the environment has no ", value));
  }
  const bool relative =
      !absl::StartsWith(value, "/") && !source_.folder.empty();
  auto text =
      ReadInput(relative ? absl::StrCat(source_.folder, "/", value) : value);
  if (!text.ok()) return Error(node, text.status().message());
  // The line end that editors add is no part of a password.
  return std::string(absl::StripSuffix(absl::StripSuffix(*text, "\n"), "\r"));
}

absl::Status ValueSetter::SetText(const YAML::Node& node) const {
  if (!node.IsScalar() && !IsReference(node)) {
    return Error(node, "must be a text, {file: PATH} or {env: NAME}");
  }
  if (node.IsScalar() && IsSecret(field_)) {
    return Error(node, "is a secret: give it as {file: PATH} or {env: NAME}");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(std::string text, TextOf(node));
  return Store(std::move(text), &google::protobuf::Reflection::SetString,
               &google::protobuf::Reflection::AddString);
}

absl::Status ValueSetter::SetScalar(const YAML::Node& node) const {
  using google::protobuf::Reflection;
  const std::string& text = node.Scalar();
  int32_t int32 = 0;
  int64_t int64 = 0;
  switch (field_.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return Error(node, "must be true or false");
      }
      return Store(text == "true", &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_INT32:
      if (!absl::SimpleAtoi(text, &int32)) {
        return Error(node, "must be a whole number");
      }
      return Store(int32, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      if (!absl::SimpleAtoi(text, &int64)) {
        return Error(node, "must be a whole number");
      }
      return Store(int64, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto number = ParseEnum(*field_.enum_type(), text);
      if (!number.ok()) return Error(node, number.status().message());
      return Store(*number, &Reflection::SetEnumValue,
                   &Reflection::AddEnumValue);
    }
    default:
      return Error(node, "cannot be given here");
  }
}

absl::Status SetMap(const FieldSource& source, const YAML::Node& node,
                    Message* message, const FieldDescriptor& field) {
  if (!node.IsMap()) {
    return YamlError(source.name, node,
                     absl::StrCat(field.name(), ": must be a map"));
  }
  for (const auto& entry : node) {
    Message* pair = message->GetReflection()->AddMessage(message, &field);
    const Descriptor& type = *field.message_type();
    MQTTPUSH_RETURN_IF_ERROR(
        ValueSetter(source, pair, *type.map_key()).Set(entry.first, nullptr));
    MQTTPUSH_RETURN_IF_ERROR(ValueSetter(source, pair, *type.map_value())
                                 .Set(entry.second, nullptr));
  }
  return absl::OkStatus();
}

absl::Status SetList(const FieldSource& source, const YAML::Node& node,
                     Message* message, const FieldDescriptor& field) {
  const ValueSetter setter(source, message, field);
  if (!node.IsSequence()) return setter.Set(node, nullptr);
  for (const auto& element : node) {
    MQTTPUSH_RETURN_IF_ERROR(setter.Set(element, nullptr));
  }
  return absl::OkStatus();
}

const FieldDescriptor* FindField(const Descriptor& type,
                                 const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  return field != nullptr ? field : type.FindFieldByCamelcaseName(name);
}

std::string FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!IsOutputOnly(*type.field(i))) names.push_back(type.field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

absl::Status SetField(const FieldSource& source, const YAML::Node& value,
                      Message* message, const FieldDescriptor& field,
                      std::vector<std::string>* paths) {
  if (value.IsNull()) {
    message->GetReflection()->ClearField(message, &field);
  } else if (field.is_map()) {
    MQTTPUSH_RETURN_IF_ERROR(SetMap(source, value, message, field));
  } else if (field.is_repeated()) {
    MQTTPUSH_RETURN_IF_ERROR(SetList(source, value, message, field));
  } else {
    std::vector<std::string> inner;
    MQTTPUSH_RETURN_IF_ERROR(
        ValueSetter(source, message, field).Set(value, &inner));
    for (const std::string& path : inner) {
      if (paths) paths->push_back(absl::StrCat(field.name(), ".", path));
    }
    if (!inner.empty()) return absl::OkStatus();
  }
  if (paths) paths->push_back(field.name());
  return absl::OkStatus();
}

}  // namespace

absl::Status SetFields(const FieldSource& source, const YAML::Node& node,
                       Message* message, std::vector<std::string>* paths) {
  const Descriptor& type = *message->GetDescriptor();
  if (!node.IsMap()) {
    return YamlError(source.name, node,
                     absl::StrCat("a ", type.name(),
                                  " must be a map of: ", FieldNames(type)));
  }
  for (const auto& entry : node) {
    const std::string& key = entry.first.Scalar();
    const FieldDescriptor* field = FindField(type, key);
    if (field == nullptr) {
      return YamlError(
          source.name, entry.first,
          absl::StrCat("\"", key, "\" is no field of ", type.name(),
                       ", which has: ", FieldNames(type)));
    }
    if (IsOutputOnly(*field)) {
      return YamlError(source.name, entry.first,
                       absl::StrCat(key, ": is set by the service"));
    }
    MQTTPUSH_RETURN_IF_ERROR(
        SetField(source, entry.second, message, *field, paths));
  }
  return absl::OkStatus();
}

}  // namespace mqttpush::cli
