#include "common/utf8.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// Whether the next eight bytes are ASCII.
bool IsAscii8(const unsigned char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return (word & 0x8080808080808080u) == 0;
}

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the well-formed sequence at `bytes`, 0 if there is none. The
// second byte is where overlong forms, surrogates and too large values show.
size_t SequenceLength(const unsigned char* bytes, size_t available) {
  const unsigned char lead = bytes[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (available < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(bytes[i])) return 0;
  }
  const unsigned char second = bytes[1];
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

size_t FindInvalidUtf8(absl::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8 && IsAscii8(bytes + at)) {
      at += 8;
      continue;
    }
    const size_t length = SequenceLength(bytes + at, text.size() - at);
    if (length == 0) return at;
    at += length;
  }
  return absl::string_view::npos;
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
