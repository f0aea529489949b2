#include "services/http/http_message.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace mqttpush {
namespace {

auto Find(const std::vector<std::pair<std::string, std::string>>& fields,
          absl::string_view name) {
  return std::find_if(fields.begin(), fields.end(), [&](const auto& field) {
    return absl::EqualsIgnoreCase(field.first, name);
  });
}

}  // namespace

void HttpHeaders::Add(absl::string_view name, absl::string_view value) {
  fields_.emplace_back(name, value);
}

absl::string_view HttpHeaders::Get(absl::string_view name) const {
  const auto found = Find(fields_, name);
  return found == fields_.end() ? "" : absl::string_view(found->second);
}

bool HttpHeaders::Has(absl::string_view name) const {
  return Find(fields_, name) != fields_.end();
}

HttpResponse JsonResponse(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

}  // namespace mqttpush
