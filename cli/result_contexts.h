// ResultContexts: fetches what results say beside their attempts.
#ifndef MQTTPUSH_CLI_RESULT_CONTEXTS_H_
#define MQTTPUSH_CLI_RESULT_CONTEXTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/result_event.h"

namespace mqttpush::cli {

// For the attempts of one response, so that all of them, and none beyond, are
// shown as things are now. Asks for each subscription and its broker once. Not
// thread-safe.
class ResultContexts {
 public:
  explicit ResultContexts(Client& client) : client_(client) {}

  // What is deleted is empty, also when another one has its name now.
  absl::StatusOr<const ResultContext*> Get(const v1::Attempt& attempt);

 private:
  absl::StatusOr<const ResultContext*> Find(const std::string& subscription);

  Client& client_;
  std::map<std::string, ResultContext> contexts_;
  const ResultContext deleted_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_CONTEXTS_H_
