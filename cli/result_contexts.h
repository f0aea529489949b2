// ResultContexts: fetches what results say beside their attempts.
#ifndef MQTTPUSH_CLI_RESULT_CONTEXTS_H_
#define MQTTPUSH_CLI_RESULT_CONTEXTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/history_tables.h"
#include "cli/result_event.h"

namespace mqttpush::cli {

// Asks for the deliveries of a response side by side, and for each subscription
// and broker once. Not thread-safe.
class ResultContexts {
 public:
  explicit ResultContexts(Client& client) : client_(client) {}

  // One for each attempt, in their order. What is not kept any more is empty.
  absl::StatusOr<std::vector<ResultContext>> Get(const Attempts& attempts);

 private:
  struct Destination {
    v1::Subscription subscription;
    v1::Broker broker;
  };
  absl::StatusOr<const Destination*> GetDestination(
      const std::string& subscription);

  Client& client_;
  std::map<std::string, Destination> destinations_;
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_RESULT_CONTEXTS_H_
