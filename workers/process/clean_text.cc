#include "workers/process/clean_text.h"

#include <cstdint>

#include "common/utf8.h"

namespace mqttpush {
namespace {

constexpr size_t kLongestSequence = 4;

bool IsControl(char c) {
  return static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) == 0x7F;
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

}  // namespace

std::string CleanText(absl::string_view text, size_t max_bytes) {
  // A little more than fits, to see whether the cut is within a character.
  std::string clean(text.substr(0, max_bytes + kLongestSequence));
  while (true) {
    const size_t invalid = FindInvalidUtf8(clean);
    if (invalid == absl::string_view::npos) break;
    clean[invalid] = '?';
  }
  for (char& c : clean) {
    if (IsControl(c)) c = '?';
  }
  if (clean.size() > max_bytes) {
    size_t end = max_bytes;
    while (end > 0 && IsContinuation(clean[end])) --end;
    clean.resize(end);
  }
  return clean;
}

}  // namespace mqttpush
