// ResultContexts: fetches what results say beside their attempts.
#ifndef MQTTPUSH_CLI_RESULT_CONTEXTS_H_
#define MQTTPUSH_CLI_RESULT_CONTEXTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/result_event.h"

namespace mqttpush::cli {

// Asks for each subscription and its broker once. Not thread-safe.
class ResultContexts {
 public:
  explicit ResultContexts(Client& client) : client_(client) {}

  // Of the attempts of a subscription. What is deleted is empty.
  absl::StatusOr<const ResultContext*> Get(const std::string& subscription);

 private:
  Client& client_;
  std::map<std::string, ResultContext> contexts_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_CONTEXTS_H_
