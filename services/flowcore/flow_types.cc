#include "services/flowcore/flow_types.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush {
namespace {

absl::Status Refused(absl::string_view entry, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("must be entries as location.0=LOCATION with commas between "
                   "them: \"",
                   entry, "\" ", rule));
}

}  // namespace

absl::StatusOr<FlowTypes> FlowTypes::Parse(absl::string_view table) {
  FlowTypes result;
  for (absl::string_view entry : absl::StrSplit(table, ',')) {
    entry = absl::StripAsciiWhitespace(entry);
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(entry, absl::MaxSplits('=', 1));
    v1::ObjectType type = v1::OBJECT_TYPE_UNSPECIFIED;
    if (parts.first.empty()) return Refused(entry, "names no flow type");
    if (!v1::ObjectType_Parse(parts.second, &type) ||
        type == v1::OBJECT_TYPE_UNSPECIFIED) {
      return Refused(entry, "names no object type");
    }
    if (!result.types_.emplace(parts.first, static_cast<ObjectType>(type))
             .second) {
      return Refused(entry, "names a flow type again");
    }
  }
  return result;
}

std::optional<ObjectType> FlowTypes::Find(absl::string_view flow_type) const {
  const auto found = types_.find(flow_type);
  if (found == types_.end()) return std::nullopt;
  return found->second;
}

absl::string_view FlowTypes::NameOf(ObjectType type) const {
  for (const auto& [name, held] : types_) {
    if (held == type) return name;
  }
  return "";
}

std::string FlowTypes::Names() const {
  return absl::StrJoin(types_, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.first);
  });
}

}  // namespace mqttpush
