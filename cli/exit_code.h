// ExitCode: what scripts learn from how mqttpush ended.
#ifndef MQTTPUSH_CLI_EXIT_CODE_H_
#define MQTTPUSH_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace mqttpush::cli {

// Scripts depend on the numbers: do not change them.
enum class ExitCode {
  kOk = 0,
  kServiceError = 1,  // the service refused, for a reason not listed below
  kUsage = 2,         // the command line, a file, or a field is wrong
  kNotFound = 3,
  kUnavailable = 4,  // not reachable, not ready, or no answer in time
  kNegative = 5,     // the call went well, and the answer is no
  kInterrupted = 130,
};

inline ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:  // by a service that ends
      return ExitCode::kUnavailable;
    default:
      return ExitCode::kServiceError;
  }
}

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_EXIT_CODE_H_
