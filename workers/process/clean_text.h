// CleanText: makes other systems' words fit for a record.
#ifndef MQTTPUSH_WORKERS_PROCESS_CLEAN_TEXT_H_
#define MQTTPUSH_WORKERS_PROCESS_CLEAN_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// `text` in at most `max_bytes`, with a question mark for every byte that is a
// control character or no valid UTF-8: protobuf would refuse the whole message.
std::string CleanText(absl::string_view text, size_t max_bytes);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_CLEAN_TEXT_H_
