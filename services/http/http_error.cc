#include "services/http/http_error.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "services/api/status.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

// How soon the sender may come again. What is full drains within moments, and a
// full disk is looked at every second.
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteText(absl::string_view text, Writer& writer) {
  const std::string valid = ReplaceInvalidUtf8(text);
  writer.String(valid.data(), static_cast<unsigned>(valid.size()));
}

void WriteDetail(const HttpErrorDetail& detail, Writer& writer) {
  writer.StartObject();
  if (detail.index.has_value()) {
    writer.Key("index");
    writer.Int(*detail.index);
  }
  writer.Key("field");
  WriteText(detail.field, writer);
  writer.Key("description");
  WriteText(detail.description, writer);
  writer.EndObject();
}

std::vector<HttpErrorDetail> DetailsOf(const absl::Status& status) {
  std::vector<HttpErrorDetail> details;
  google::rpc::BadRequest bad_request;
  if (!GetDetail(status, &bad_request)) return details;
  for (const auto& violation : bad_request.field_violations()) {
    details.push_back({.index = std::nullopt,
                       .field = violation.field(),
                       .description = violation.description()});
  }
  return details;
}

}  // namespace

std::string HttpErrorObject(absl::string_view code, absl::string_view message,
                            const std::vector<HttpErrorDetail>& details) {
  rapidjson::StringBuffer text;
  Writer writer(text);
  writer.StartObject();
  writer.Key("code");
  WriteText(code, writer);
  writer.Key("message");
  WriteText(message, writer);
  writer.Key("details");
  writer.StartArray();
  for (const HttpErrorDetail& detail : details) WriteDetail(detail, writer);
  writer.EndArray();
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

HttpResponse HttpError(int status, absl::string_view code,
                       absl::string_view message,
                       const std::vector<HttpErrorDetail>& details) {
  return JsonResponse(
      status, absl::StrCat("{\"error\":",
                           HttpErrorObject(code, message, details), "}\n"));
}

HttpResponse HttpRetryLater(int status, absl::string_view code,
                            absl::string_view message) {
  HttpResponse response = HttpError(status, code, message);
  SetRetryAfter(kRetryAfter, &response);
  return response;
}

void SetRetryAfter(absl::Duration delay, HttpResponse* response) {
  const absl::Duration seconds =
      std::max(absl::Ceil(delay, absl::Seconds(1)), absl::Seconds(1));
  response->headers.Add("Retry-After",
                        absl::StrCat(absl::ToInt64Seconds(seconds)));
}

HttpResponse HttpErrorOf(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  // Flowcore pauses its stream on 429, and repeats on 503.
  if (reason == "LOG_BUSY") {
    return HttpRetryLater(429, reason, status.message());
  }
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return HttpError(400, reason, status.message(), DetailsOf(status));
    case absl::StatusCode::kNotFound:
      return HttpError(404, reason, status.message());
    case absl::StatusCode::kUnavailable:
      return HttpRetryLater(503, reason, status.message());
    default:
      return HttpError(500, reason, status.message());
  }
}

}  // namespace mqttpush
