// HttpError: every error of the HTTP doors, in one shape.
//
//   {"error": {"code": "NOT_FOUND",
//              "message": "there is nothing at /nowhere",
//              "details": [{"field": "...", "description": "..."}]}}
//
// `code` is for programs and part of the API: it is the reason of the gRPC
// API's ErrorInfo where that has the same error. `details` is there always, and
// empty when there is nothing to add.
#ifndef MQTTPUSH_SERVICES_HTTP_HTTP_ERROR_H_
#define MQTTPUSH_SERVICES_HTTP_HTTP_ERROR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/http/http_message.h"

namespace mqttpush {

// One broken rule. Neither text may hold a secret; bytes that are no UTF-8 are
// replaced.
struct HttpErrorDetail {
  std::optional<int> index;  // in an array of the request
  std::string field;         // as "payload.latitude"; "" for the whole
  std::string description;   // as "must be a number"
};

// The object {"code", "message", "details"}, for bodies that have more to say.
std::string HttpErrorObject(absl::string_view code, absl::string_view message,
                            const std::vector<HttpErrorDetail>& details);

HttpResponse HttpError(int status, absl::string_view code,
                       absl::string_view message,
                       const std::vector<HttpErrorDetail>& details = {});

// The same with Retry-After: for what passes by itself.
HttpResponse HttpRetryLater(int status, absl::string_view code,
                            absl::string_view message);
// Adds the header: whole seconds, rounded up, at least one.
void SetRetryAfter(absl::Duration delay, HttpResponse* response);

// An error of the services (services/api/errors.h), by its code and reason.
HttpResponse HttpErrorOf(const absl::Status& status);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HTTP_HTTP_ERROR_H_
