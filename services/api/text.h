// Texts of other systems, made fit for messages.
#ifndef MQTTPUSH_SERVICES_API_TEXT_H_
#define MQTTPUSH_SERVICES_API_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "common/utf8.h"  // ReplaceInvalidUtf8

namespace mqttpush {

// `text` cut to `max_bytes` between two UTF-8 characters, "…" at the end if
// cut.
std::string Truncate(absl::string_view text, size_t max_bytes);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_TEXT_H_
