// AccessTokens: whose delivery results a request may see.
//
// The interface is what the routes know; where tokens come from is another
// matter (tokens_file.h).
#ifndef MQTTPUSH_SERVICES_FLOWCORE_ACCESS_TOKENS_H_
#define MQTTPUSH_SERVICES_FLOWCORE_ACCESS_TOKENS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// Thread-safe.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;

  // The id of the tenant whose token it is; absent when it is nobody's. In the
  // same time, whatever it has in common with one that is somebody's.
  virtual std::optional<std::string> FindTenant(absl::string_view token) = 0;
};

// The token in a field Authorization, as Flowcore's clients send it:
// "Bearer <token>", or "ApiKey <id>:<token>", whose id says nothing that the
// token does not. "" for anything else.
absl::string_view TokenOf(absl::string_view authorization);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_ACCESS_TOKENS_H_
