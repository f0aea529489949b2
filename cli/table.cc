#include "cli/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/text.h"

namespace mqttpush::cli {

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(Console& console) const {
  if (rows_.empty()) return;
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  const auto line = [&](auto cell_of) {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) continue;
      const size_t width = std::max(widths[i], columns_[i].title.size());
      const std::string cell = cell_of(i);
      absl::StrAppend(
          &text, text.empty() ? "" : "  ",
          columns_[i].right ? PadLeft(cell, width) : PadRight(cell, width));
    }
    return std::string(absl::StripTrailingAsciiWhitespace(text));
  };
  console.Line(console.Styled(
      Tone::kBold, line([&](size_t i) { return columns_[i].title; })));
  for (const auto& row : rows_) {
    console.Line(line([&](size_t i) { return row[i]; }));
  }
}

}  // namespace mqttpush::cli
