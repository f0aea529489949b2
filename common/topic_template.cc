#include "common/topic_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "common/utf8.h"

namespace mqttpush {
namespace {

using Member = absl::string_view TopicFields::*;

constexpr std::array<std::pair<absl::string_view, Member>, 4> kPlaceholders = {{
    {"tenant", &TopicFields::tenant},
    {"objectType", &TopicFields::object_type},
    {"assetId", &TopicFields::asset_id},
    {"ownerId", &TopicFields::owner_id},
}};

absl::Status Invalid(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

// The rules of MQTT 5 for topic names; 3.1.1 has the same.
absl::Status CheckTopicName(absl::string_view topic) {
  if (topic.empty()) {
    return Invalid("topic must not be empty (MQTT 4.7.3)");
  }
  if (topic.size() > limits::kMaxTopicBytes) {
    return Invalid(absl::StrCat("topic must not be longer than ",
                                limits::kMaxTopicBytes, " bytes (MQTT 4.7.3)"));
  }
  if (topic.front() == '$') {
    return Invalid("topic must not begin with '$' (MQTT 4.7.2)");
  }
  if (absl::StrContains(topic, '+') || absl::StrContains(topic, '#')) {
    return Invalid("topic must not contain '+' or '#' (MQTT 4.7.1)");
  }
  if (absl::StrContains(topic, '\0')) {
    return Invalid("topic must not contain NUL (MQTT 4.7.3)");
  }
  if (FindInvalidUtf8(topic) != absl::string_view::npos) {
    return Invalid("topic must be valid UTF-8 (MQTT 4.7.3)");
  }
  return absl::OkStatus();
}

size_t FindBrace(absl::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(),
                                  [](char c) { return c == '{' || c == '}'; });
  return found == text.end() ? absl::string_view::npos
                             : static_cast<size_t>(found - text.begin());
}

absl::StatusOr<Member> FindPlaceholder(absl::string_view name) {
  for (const auto& [known, member] : kPlaceholders) {
    if (known == name) return member;
  }
  return Invalid(absl::StrCat("unknown placeholder {", name,
                              "}; there are {tenant}, {objectType}, {assetId} "
                              "and {ownerId}"));
}

// Calls `on_text(text)` and `on_placeholder(name, member)` for the parts of
// `rest`, in order. Both return a status.
template <typename OnText, typename OnPlaceholder>
absl::Status ForEachPart(absl::string_view rest, OnText on_text,
                         OnPlaceholder on_placeholder) {
  while (!rest.empty()) {
    const size_t open = FindBrace(rest);
    MQTTPUSH_RETURN_IF_ERROR(on_text(rest.substr(0, open)));
    if (open == absl::string_view::npos) return absl::OkStatus();
    if (rest[open] == '}') return Invalid("'}' without '{'");
    rest.remove_prefix(open + 1);
    const size_t close = FindBrace(rest);
    if (close == absl::string_view::npos || rest[close] == '{') {
      return Invalid(absl::StrCat("'{' without '}': {", rest.substr(0, close)));
    }
    const absl::string_view name = rest.substr(0, close);
    MQTTPUSH_ASSIGN_OR_RETURN(const Member member, FindPlaceholder(name));
    MQTTPUSH_RETURN_IF_ERROR(on_placeholder(name, member));
    rest.remove_prefix(close + 1);
  }
  return absl::OkStatus();
}

absl::Status CheckValue(absl::string_view name, absl::string_view value) {
  if (value.empty()) {
    return Invalid(absl::StrCat("value of {", name, "} must not be empty"));
  }
  for (const char c : value) {
    if (c != '/' && c != '+' && c != '#' && c != '\0') continue;
    return Invalid(absl::StrCat(
        "value of {", name, "} must not contain ",
        c == '\0' ? "NUL" : absl::StrCat("'", std::string(1, c), "'"),
        " (MQTT 4.7.1)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTopicTemplate(absl::string_view topic_template) {
  MQTTPUSH_RETURN_IF_ERROR(CheckTopicName(topic_template));
  return ForEachPart(
      topic_template, [](absl::string_view) { return absl::OkStatus(); },
      [](absl::string_view, Member) { return absl::OkStatus(); });
}

absl::StatusOr<std::string> RenderTopic(absl::string_view topic_template,
                                        const TopicFields& fields) {
  std::string topic;
  topic.reserve(topic_template.size() + 64);
  MQTTPUSH_RETURN_IF_ERROR(ForEachPart(
      topic_template,
      [&topic](absl::string_view text) {
        topic.append(text.data(), text.size());
        return absl::OkStatus();
      },
      [&](absl::string_view name, Member member) {
        const absl::string_view value = fields.*member;
        topic.append(value.data(), value.size());
        return CheckValue(name, value);
      }));
  MQTTPUSH_RETURN_IF_ERROR(CheckTopicName(topic));
  return topic;
}

}  // namespace mqttpush
