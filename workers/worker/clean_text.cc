#include "workers/worker/clean_text.h"

#include <cstdint>

namespace mqttpush {
namespace {

// The length of the valid UTF-8 sequence that `text` begins with; 0 for none.
size_t SequenceBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return 0;
  uint32_t code = lead & (0x7F >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong =
      (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : bytes;
}

bool IsControl(char c) {
  return static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) == 0x7F;
}

}  // namespace

std::string CleanText(absl::string_view text, size_t max_bytes) {
  std::string clean;
  while (!text.empty()) {
    const size_t bytes = IsControl(text[0]) ? 0 : SequenceBytes(text);
    if (clean.size() + (bytes == 0 ? 1 : bytes) > max_bytes) break;
    if (bytes == 0) {
      clean += '?';
      text.remove_prefix(1);
    } else {
      clean.append(text.data(), bytes);
      text.remove_prefix(bytes);
    }
  }
  return clean;
}

}  // namespace mqttpush
