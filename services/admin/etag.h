// Etags (AIP-154): which state of a resource a caller has seen.
#ifndef MQTTPUSH_SERVICES_ADMIN_ETAG_H_
#define MQTTPUSH_SERVICES_ADMIN_ETAG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// In quotes, as HTTP has them. The uid is in it, so that the etag of a deleted
// resource is not that of another one by the same name.
template <typename Record>
std::string Etag(const Record& record) {
  return absl::StrCat("\"", record.uid, "-", record.revision, "\"");
}

// ABORTED unless `given` is empty or `current`.
absl::Status CheckEtag(absl::string_view given, absl::string_view current,
                       absl::string_view name);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_ETAG_H_
