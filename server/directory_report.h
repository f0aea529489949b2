// What --check says of a data directory, in words.
#ifndef MQTTPUSH_SERVER_DIRECTORY_REPORT_H_
#define MQTTPUSH_SERVER_DIRECTORY_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "storage/sqlite/log/directory_check.h"
#include "storage/sqlite/log/log_options.h"

namespace mqttpush {

// All that it holds, and what dedupe and retention by `options` do with it at
// `now`.
std::string DescribeDirectory(const std::string& path,
                              const DirectoryCheck& check,
                              const LogOptions& options, absl::Time now);

// One line each; "" when there are none.
std::string DescribeFindings(const DirectoryCheck& check);

// "812.3 MiB"
std::string FormatBytes(int64_t bytes);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_DIRECTORY_REPORT_H_
