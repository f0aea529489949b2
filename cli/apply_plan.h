// ApplyPlan: what has to be done so that a tenant is as its file says.
#ifndef MQTTPUSH_CLI_APPLY_PLAN_H_
#define MQTTPUSH_CLI_APPLY_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/message_diff.h"
#include "cli/tenant_file.h"

namespace mqttpush::cli {

struct Change {
  enum class Action {
    kUnchanged,
    kCreate,
    kUpdate,
    kDelete,
    kKeep,  // not in the file; only `prune` deletes it
  };
  Action action = Action::kUnchanged;
  const ResourceKind* kind = nullptr;
  std::string name;
  MessagePtr resource;  // as it shall be; of kCreate and kUpdate
  std::string etag;     // of what the decision was made on
  std::vector<FieldChange> fields;
};

// In the order in which they are to be made. The service checks each change
// that it can check before others are made; nothing is changed. Fields that the
// file does not name get their defaults; a password or key that it does not
// name stays.
absl::StatusOr<std::vector<Change>> PlanApply(TenantFile file, bool prune,
                                              Client& client);

// Makes one change. With `force` a subscription goes with what waits for it.
absl::Status MakeChange(const Change& change, bool force, Client& client);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_APPLY_PLAN_H_
