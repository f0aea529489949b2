#include "services/http/static_document.h"

#include <xxhash.h>

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

std::string EtagOf(const std::string& text) {
  return absl::StrCat(
      "\"", absl::Hex(XXH3_64bits(text.data(), text.size()), absl::kZeroPad16),
      "\"");
}

// RFC 9110, 13.1.2: a list, or any. No etag of ours is part of another one.
bool Matches(absl::string_view if_none_match, const std::string& etag) {
  return if_none_match == "*" || absl::StrContains(if_none_match, etag);
}

}  // namespace

HttpHandler StaticDocument(std::string content_type, std::string text) {
  const std::string etag = EtagOf(text);
  const auto shared = std::make_shared<const std::string>(std::move(text));
  return [=](const HttpRequest& request, HttpRespond respond) {
    HttpResponse response;
    response.headers.Add("ETag", etag);
    response.headers.Add("Cache-Control", "no-cache");
    if (Matches(request.headers.Get("If-None-Match"), etag)) {
      response.status = 304;
    } else {
      response.headers.Add("Content-Type", content_type);
      response.body = *shared;
    }
    respond(std::move(response));
  };
}

}  // namespace mqttpush
