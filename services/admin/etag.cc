#include "services/admin/etag.h"

#include "services/api/errors.h"

namespace mqttpush {

absl::Status CheckEtag(absl::string_view given, absl::string_view current,
                       absl::string_view name) {
  if (given.empty() || given == current) return absl::OkStatus();
  return errors::EtagMismatch(name, current);
}

}  // namespace mqttpush
