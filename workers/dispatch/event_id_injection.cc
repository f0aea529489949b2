#include "workers/dispatch/event_id_injection.h"

#include <rapidjson/document.h>

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// Walks the top-level members of a JSON object that is known to be valid; it
// would stop at the end of an invalid one, and find nothing.
class MemberScanner {
 public:
  explicit MemberScanner(absl::string_view object) : text_(object) {
    SkipSpace();
    ++at_;  // {
  }

  // Moves to the next member; false after the last one.
  bool Next() {
    SkipSpaceAnd(',');
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    const size_t key_begin = at_;
    SkipString();
    key_ = text_.substr(key_begin, at_ - key_begin);
    SkipSpaceAnd(':');
    value_begin_ = at_;
    SkipValue();
    return true;
  }

  // The key of the member, in quotes.
  absl::string_view key() const { return key_; }
  size_t value_begin() const { return value_begin_; }
  size_t value_end() const { return at_; }

 private:
  static bool IsSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  void SkipSpaceAnd(char separator) {
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == separator) ++at_;
    SkipSpace();
  }

  void SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  // Objects and arrays are skipped by counting brackets, whichever kind.
  void SkipValue() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        SkipString();
        if (depth == 0) return;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || IsSpace(c))) return;
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

  const absl::string_view text_;
  size_t at_ = 0;
  absl::string_view key_;
  size_t value_begin_ = 0;
};

// Whether `key`, a JSON string in its quotes, spells `field`.
bool KeyIs(absl::string_view key, absl::string_view field) {
  if (key.find('\\') == absl::string_view::npos) {
    return key.substr(1, key.size() - 2) == field;
  }
  rapidjson::Document unescaped;
  unescaped.Parse(key.data(), key.size());
  return unescaped.IsString() &&
         absl::string_view(unescaped.GetString(),
                           unescaped.GetStringLength()) == field;
}

// `text` as a JSON string, in quotes.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  quoted.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&quoted, "\\u", absl::Hex(c, absl::kZeroPad4));
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace

std::string InjectEventId(absl::string_view payload, absl::string_view field,
                          absl::string_view event_id) {
  const std::string value = Quoted(event_id);
  bool empty = true;
  for (MemberScanner member(payload); member.Next(); empty = false) {
    if (!KeyIs(member.key(), field)) continue;
    return absl::StrCat(payload.substr(0, member.value_begin()), value,
                        payload.substr(member.value_end()));
  }
  const size_t end = payload.rfind('}');
  return absl::StrCat(payload.substr(0, end), empty ? "" : ",", Quoted(field),
                      ":", value, payload.substr(end));
}

}  // namespace mqttpush
