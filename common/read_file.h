// ReadTextFile: reads a file that an operator names, which may be anything.
#ifndef MQTTPUSH_COMMON_READ_FILE_H_
#define MQTTPUSH_COMMON_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace mqttpush {

// All of a file, a pipe or a device. Errors say why, without the path:
// NOT_FOUND, PERMISSION_DENIED and alike by errno (a folder:
// FAILED_PRECONDITION), INVALID_ARGUMENT when there is more than `max_bytes`,
// of which no more is read. Blocks as long as the file does.
absl::StatusOr<std::string> ReadTextFile(const std::string& path,
                                         size_t max_bytes);

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_READ_FILE_H_
