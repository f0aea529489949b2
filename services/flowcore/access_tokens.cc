#include "services/flowcore/access_tokens.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace mqttpush {

absl::string_view TokenOf(absl::string_view authorization) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(authorization, absl::MaxSplits(' ', 1));
  const absl::string_view value = absl::StripAsciiWhitespace(parts.second);
  if (absl::EqualsIgnoreCase(parts.first, "Bearer")) return value;
  if (!absl::EqualsIgnoreCase(parts.first, "ApiKey")) return "";
  const size_t colon = value.find(':');
  return colon == absl::string_view::npos ? "" : value.substr(colon + 1);
}

}  // namespace mqttpush
