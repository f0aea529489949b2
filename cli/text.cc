#include "cli/text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/utf8.h"

namespace mqttpush::cli {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// Unicode 15: combining marks and format characters of scripts in use.
constexpr Range kZeroWidth[] = {
    {0x0300, 0x036F},  {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
    {0x064B, 0x065F},  {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0941, 0x0948},
    {0x0E31, 0x0E31},  {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},  {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x2064},
    {0x20D0, 0x20FF},  {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
    {0xE0100, 0xE01EF}};
// East Asian width W and F (UAX 11), in few ranges.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},
    {0x2614, 0x2615},   {0x26A1, 0x26A1},   {0x2705, 0x2705},
    {0x274C, 0x274C},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE4F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <size_t kSize>
bool Contains(const Range (&ranges)[kSize], uint32_t code_point) {
  const auto* range = std::lower_bound(
      std::begin(ranges), std::end(ranges), code_point,
      [](const Range& range, uint32_t point) { return range.last < point; });
  return range != std::end(ranges) && range->first <= code_point;
}

// Takes a code point off the front of well-formed text.
uint32_t TakeCodePoint(absl::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t point = size == 1 ? lead : lead & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) point = point << 6 | (text[i] & 0x3F);
  text.remove_prefix(size);
  return point;
}

// Skips "\x1b[...m" at the front.
bool SkipColour(absl::string_view& text) {
  if (!absl::StartsWith(text, "\x1b[")) return false;
  const size_t end = text.find('m');
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return true;
}

std::vector<std::string> WrapParagraph(absl::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  if (FindInvalidUtf8(text) != absl::string_view::npos) return text.size();
  size_t width = 0;
  while (!text.empty()) {
    if (SkipColour(text)) continue;
    const uint32_t point = TakeCodePoint(text);
    if (Contains(kZeroWidth, point)) continue;
    width += Contains(kWide, point) ? 2 : 1;
  }
  return width;
}

std::string PadRight(absl::string_view text, size_t width) {
  const size_t taken = std::min(width, DisplayWidth(text));
  return absl::StrCat(text, std::string(width - taken, ' '));
}

std::string PadLeft(absl::string_view text, size_t width) {
  const size_t taken = std::min(width, DisplayWidth(text));
  return absl::StrCat(std::string(width - taken, ' '), text);
}

std::string OneLine(absl::string_view text) {
  std::string line(text);
  for (char& byte : line) {
    if (static_cast<uint8_t>(byte) < 0x20 || byte == 0x7F) byte = '?';
  }
  return line;
}

std::vector<std::string> Wrap(absl::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (paragraph.empty()) return;
    for (std::string& line : WrapParagraph(paragraph, width)) {
      lines.push_back(std::move(line));
    }
    paragraph.clear();
  };
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty() || line.front() == ' ') {
      end_paragraph();
      lines.emplace_back(line);
    } else {
      absl::StrAppend(&paragraph, paragraph.empty() ? "" : " ", line);
    }
  }
  end_paragraph();
  return lines;
}

std::string FormatBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double amount = bytes / 1024.0;
  int unit = 0;
  for (; amount >= 1024 && unit < 3; ++unit) amount /= 1024;
  return absl::StrFormat("%.1f %s", amount, kUnits[unit]);
}

}  // namespace mqttpush::cli
