// EgressAllowances: where the workers of each tenant may connect besides public
// addresses.
//
// For all tenants by a flag, for single ones by a file, as a Kubernetes config
// map is:
//
//   # TENANT NETWORK
//   acme 10.20.0.0/16
//   acme fd12:3456::/48
//
// Of the deployment, not of the API: who edits tenants cannot open the network
// (docs/decisions/0020-egress.md).
#ifndef MQTTPUSH_WORKERS_EGRESS_EGRESS_ALLOWANCES_H_
#define MQTTPUSH_WORKERS_EGRESS_EGRESS_ALLOWANCES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/changing_file.h"
#include "common/mutex.h"

namespace mqttpush {

// By tenant id.
using TenantNetworks = std::map<std::string, std::vector<std::string>>;

// The networks of a tenant, by its id, as EgressPolicy takes them.
using AllowedNetworks =
    std::function<std::vector<std::string>(const std::string& tenant_id)>;

// INVALID_ARGUMENT names the line and the rule that it breaks.
absl::StatusOr<TenantNetworks> ParseTenantNetworks(absl::string_view text);

// Reads the file again when it has changed. One that is not valid, or not
// there, leaves what was read before, and is logged as an error once.
// Thread-safe.
class EgressAllowances {
 public:
  // `for_all`: networks that are valid. `tenants_file`: empty for none; an
  // error names it and what is wrong.
  static absl::StatusOr<std::unique_ptr<EgressAllowances>> Create(
      std::vector<std::string> for_all, const std::string& tenants_file);

  // AllowedNetworks. Looks at the file each time.
  std::vector<std::string> For(const std::string& tenant_id)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  EgressAllowances(std::vector<std::string> for_all,
                   const std::string& tenants_file)
      : for_all_(std::move(for_all)), file_(tenants_file) {}
  absl::Status ReadIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<std::string> for_all_;
  Mutex mutex_;
  ChangingFile file_ ABSL_GUARDED_BY(mutex_);
  TenantNetworks by_tenant_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_EGRESS_EGRESS_ALLOWANCES_H_
