#include "services/http/http_query.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

namespace mqttpush {

std::string HttpQuery::Decode(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view digits = text.substr(i).substr(1, 2);
    if (text[i] == '%' && digits.size() == 2 &&
        absl::ascii_isxdigit(digits[0]) && absl::ascii_isxdigit(digits[1])) {
      decoded += absl::HexStringToBytes(digits);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

HttpQuery::HttpQuery(absl::string_view text) {
  for (absl::string_view parameter :
       absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    parameters_.emplace_back(Decode(parts.first), Decode(parts.second));
  }
}

std::optional<std::string> HttpQuery::Get(absl::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> HttpQuery::All(absl::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace mqttpush
