// FindInvalidUtf8: the first byte that is not part of well-formed UTF-8.
#ifndef MQTTPUSH_COMMON_UTF8_H_
#define MQTTPUSH_COMMON_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Returns the offset of the first ill-formed sequence of `text` (Unicode 15,
// table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF), or
// absl::string_view::npos. U+0000 is well-formed. Fast on ASCII.
size_t FindInvalidUtf8(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_UTF8_H_
