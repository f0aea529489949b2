#include "services/api/violations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/rpc/error_details.pb.h"
#include "services/api/status.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr size_t kInMessage = 3;
// Leaves room for the ErrorInfo.
constexpr size_t kMaxBadRequestBytes = kMaxStatusDetailsBytes - 400;

}  // namespace

void Violations::Add(std::string field, std::string description) {
  list_.push_back(
      {Truncate(field, kMaxTextBytes), Truncate(description, kMaxTextBytes)});
}

absl::Status Violations::ToStatus() const {
  if (list_.empty()) return absl::OkStatus();
  const size_t named = std::min(list_.size(), kInMessage);
  std::string message = absl::StrJoin(
      list_.begin(), list_.begin() + named, "; ",
      [](std::string* out, const Violation& violation) {
        absl::StrAppend(out, violation.field, ": ", violation.description);
      });
  if (list_.size() > named) {
    absl::StrAppend(&message, "; and ", list_.size() - named, " more");
  }

  google::rpc::BadRequest bad_request;
  size_t left = list_.size();
  for (const Violation& violation : list_) {
    auto* field_violation = bad_request.add_field_violations();
    field_violation->set_field(violation.field);
    field_violation->set_description(violation.description);
    --left;
    if (bad_request.ByteSizeLong() + kMaxTextBytes * 2 < kMaxBadRequestBytes) {
      continue;
    }
    if (left > 0) {
      bad_request.add_field_violations()->set_description(
          absl::StrCat("and ", left, " more"));
    }
    break;
  }

  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELDS");
  info.set_domain(std::string(kErrorDomain));
  (*info.mutable_metadata())["violation_count"] = absl::StrCat(list_.size());

  absl::Status status = absl::InvalidArgumentError(message);
  AttachDetail(info, &status);
  AttachDetail(bad_request, &status);
  return status;
}

absl::Status InvalidField(std::string field, std::string description) {
  Violations violations;
  violations.Add(std::move(field), std::move(description));
  return violations.ToStatus();
}

}  // namespace mqttpush
