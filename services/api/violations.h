// Violations: collects every rule that a request breaks, so that the caller can
// mend all at once.
#ifndef MQTTPUSH_SERVICES_API_VIOLATIONS_H_
#define MQTTPUSH_SERVICES_API_VIOLATIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mqttpush {

// Thread-compatible.
class Violations {
 public:
  // `field` is the path from the request, as "broker.port" or
  // "subscription.topic_overrides[1].topic". `description` completes a sentence
  // about the field, as "must be from 1 to 65535". Neither may hold a secret.
  void Add(std::string field, std::string description);

  bool empty() const { return list_.empty(); }

  // OK when empty. Otherwise INVALID_ARGUMENT with ErrorInfo INVALID_FIELDS and
  // BadRequest; the message names the first ones. What would exceed the size of
  // an error is counted instead.
  absl::Status ToStatus() const;

 private:
  struct Violation {
    std::string field;
    std::string description;
  };
  std::vector<Violation> list_;
};

// For a single one.
absl::Status InvalidField(std::string field, std::string description);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_VIOLATIONS_H_
