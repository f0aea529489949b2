#include "services/flowcore/json_scanner.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kSpace = " \t\n\r";
constexpr size_t kNone = absl::string_view::npos;

// After the string that begins at `begin`.
size_t StringEnd(absl::string_view text, size_t begin) {
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return kNone;
}

}  // namespace

void JsonScanner::SkipSpace() {
  const size_t next = text_.find_first_not_of(kSpace, at_);
  at_ = next == kNone ? text_.size() : next;
}

bool JsonScanner::AtEnd() {
  SkipSpace();
  return at_ == text_.size();
}

bool JsonScanner::Take(char c) {
  if (AtEnd() || text_[at_] != c) return false;
  ++at_;
  return true;
}

absl::string_view JsonScanner::TakeValue() {
  if (AtEnd()) return "";
  const char first = text_[at_];
  const size_t end = first == '"'                   ? EndOfString()
                     : first == '{' || first == '[' ? EndOfNested()
                                                    : EndOfWord();
  if (end == kNone) return "";
  const absl::string_view value = text_.substr(at_, end - at_);
  at_ = end;
  return value;
}

size_t JsonScanner::EndOfString() const { return StringEnd(text_, at_); }

// Which bracket closes which is for the parser to say.
size_t JsonScanner::EndOfNested() const {
  size_t depth = 0;
  for (size_t i = at_; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
    if (c == '"') {
      const size_t end = StringEnd(text_, i);
      if (end == kNone) return kNone;
      i = end - 1;
    }
  }
  return kNone;
}

size_t JsonScanner::EndOfWord() const {
  const size_t end = text_.find_first_of(" \t\n\r,:]}", at_);
  return end == kNone ? text_.size() : end;
}

}  // namespace mqttpush
