// Where a text is not well-formed UTF-8, and how it becomes that.
#ifndef MQTTPUSH_COMMON_UTF8_H_
#define MQTTPUSH_COMMON_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Returns the offset of the first ill-formed sequence of `text` (Unicode 15,
// table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF), or
// absl::string_view::npos. U+0000 is well-formed. Fast on ASCII.
size_t FindInvalidUtf8(absl::string_view text);

// `text` with '?' for every byte that is not part of UTF-8: protobuf's strings
// and JSON must not hold any.
std::string ReplaceInvalidUtf8(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_UTF8_H_
