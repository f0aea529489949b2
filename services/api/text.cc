#include "services/api/text.h"

#include "absl/strings/str_cat.h"
#include "common/utf8.h"

namespace mqttpush {

std::string Truncate(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  constexpr absl::string_view kEllipsis = "…";
  size_t end = max_bytes < kEllipsis.size() ? 0 : max_bytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return absl::StrCat(text.substr(0, end), kEllipsis);
}

std::string ReplaceInvalidUtf8(absl::string_view text) {
  std::string valid;
  size_t bad;
  while ((bad = FindInvalidUtf8(text)) != absl::string_view::npos) {
    absl::StrAppend(&valid, text.substr(0, bad), "?");
    text.remove_prefix(bad + 1);
  }
  absl::StrAppend(&valid, text);
  return valid;
}

}  // namespace mqttpush
