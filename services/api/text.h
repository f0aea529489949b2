// Texts of other systems, made fit for messages.
#ifndef MQTTPUSH_SERVICES_API_TEXT_H_
#define MQTTPUSH_SERVICES_API_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// `text` cut to `max_bytes` between two UTF-8 characters, "…" at the end if
// cut.
std::string Truncate(absl::string_view text, size_t max_bytes);

// `text` with '?' for every byte that is not part of UTF-8: protobuf's strings
// must not hold any.
std::string ReplaceInvalidUtf8(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_TEXT_H_
