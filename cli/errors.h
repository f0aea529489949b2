// Errors: from gRPC's to absl::Status, and from there to words for people.
#ifndef MQTTPUSH_CLI_ERRORS_H_
#define MQTTPUSH_CLI_ERRORS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace mqttpush::cli {

// Keeps the details (google.rpc.ErrorInfo, BadRequest) as payloads. An error of
// the connection, which has none, says that `server` cannot be reached.
absl::Status FromGrpc(const grpc::Status& status, absl::string_view server);

// INVALID_ARGUMENT: what is wrong with the field, option or argument `where`.
absl::Status UsageError(absl::string_view where, absl::string_view what);
// The same error, as one of `where`: "--start: ...".
absl::Status At(absl::string_view where, const absl::Status& status);

// A field, option or place in a file, and the rule that it breaks.
struct Violation {
  std::string field;
  std::string description;
};
// Those that the service tells of; empty when it tells of none.
std::vector<Violation> ViolationsOf(const absl::Status& status);
// INVALID_ARGUMENT with all of them. `message` is the line above them.
absl::Status ViolationsError(absl::string_view message,
                             const std::vector<Violation>& violations);

// What there is to say about an error.
struct ErrorReport {
  std::string code;    // as "NOT_FOUND"
  std::string reason;  // as "TENANT_NOT_FOUND"; empty when not the service's
  std::string message;
  std::vector<Violation> violations;
  std::string hint;  // what to do; empty when the message says it all
};
ErrorReport ReportOf(const absl::Status& status);

// For people, several lines; and as one JSON object for programs.
std::string ErrorText(const ErrorReport& report);
std::string ErrorJson(const ErrorReport& report);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_ERRORS_H_
