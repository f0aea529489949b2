#include "demo/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mqttpush::demo {
namespace {

constexpr size_t kBarWidth = 30;

}  // namespace

Terminal::Terminal() : is_terminal_(isatty(STDOUT_FILENO) == 1) {}

void Terminal::Heading(absl::string_view text) {
  std::cout << "\n" << Styled("1", text) << std::endl;
}

void Terminal::Line(absl::string_view text) {
  std::cout << (text.empty() ? "" : "  ") << text << std::endl;
}

void Terminal::Progress(absl::string_view what, size_t done, size_t total) {
  const bool complete = done >= total;
  if (!is_terminal_ && !complete) return;
  const size_t filled = total == 0 ? kBarWidth : kBarWidth * done / total;
  std::cout << (is_terminal_ ? "\r" : "")
            << absl::StreamFormat(
                   "  %-28s [%s%s] %d/%d", what, std::string(filled, '#'),
                   std::string(kBarWidth - filled, '.'), done, total);
  if (complete) std::cout << "\n";
  std::cout << std::flush;
}

void Terminal::Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const std::string pad(widths[i] - rows[r][i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", i == 0 ? rows[r][i] : pad,
                      i == 0 ? pad : rows[r][i]);
    }
    Line(r == 0 ? Styled("1", line) : line);
  }
}

std::string Terminal::Good(absl::string_view text) const {
  return Styled("32", text);
}

std::string Terminal::Bad(absl::string_view text) const {
  return Styled("31", text);
}

std::string Terminal::Styled(absl::string_view code,
                             absl::string_view text) const {
  if (!is_terminal_) return std::string(text);
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

}  // namespace mqttpush::demo
