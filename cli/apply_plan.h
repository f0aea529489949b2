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

struct PlanOptions {
  bool prune = false;
  bool force = false;  // as of MakeChange
};

// In the order in which they are to be made; nothing is changed. The service
// checks every change, also of what belongs to a tenant or a broker that the
// plan is yet to create, so that only what happens in between can stop it half
// way. INVALID_ARGUMENT has all violations of the file, by their place in it.
// Fields that the file does not name get their defaults; a password or key that
// it does not name stays.
absl::StatusOr<std::vector<Change>> PlanApply(TenantFile file,
                                              const PlanOptions& options,
                                              Client& client);

// Makes one change. With `force` a subscription goes with what waits for it.
absl::Status MakeChange(const Change& change, bool force, Client& client);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_APPLY_PLAN_H_
