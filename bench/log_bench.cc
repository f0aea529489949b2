#include "bench/sections.h"
namespace mqttpush::bench {
absl::Status RunLog(Bench&) { return absl::OkStatus(); }
absl::Status RunCatchUp(Bench&) { return absl::OkStatus(); }
absl::Status RunTenants(Bench&) { return absl::OkStatus(); }
absl::Status RunIngest(Bench&) { return absl::OkStatus(); }
}  // namespace mqttpush::bench
