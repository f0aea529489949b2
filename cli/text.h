// Text on a terminal: how wide it is, and how it is broken into lines.
#ifndef MQTTPUSH_CLI_TEXT_H_
#define MQTTPUSH_CLI_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush::cli {

// The columns that UTF-8 text takes: 0 for combining characters, 2 for wide
// ones (Chinese, Japanese, Korean, most emoji), 0 for colours. A byte that is
// not UTF-8 counts as 1.
size_t DisplayWidth(absl::string_view text);

// Filled up with spaces to `width`; as it is when it is wider.
std::string PadRight(absl::string_view text, size_t width);
std::string PadLeft(absl::string_view text, size_t width);

// Text of others (topics, broker's words) without what would move the cursor
// or break a line: control characters become "?".
std::string OneLine(absl::string_view text);

// Breaks at spaces so that no line is wider, as far as words allow. A paragraph
// ends at an empty line; lines that begin with a space stay as they are.
std::vector<std::string> Wrap(absl::string_view text, size_t width);

// "1.2 MiB", "3 B".
std::string FormatBytes(int64_t bytes);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_TEXT_H_
