#include "services/flowcore/transform_report.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/api/text.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

// Flowcore's names of what the gRPC API calls otherwise.
std::string FieldName(const std::string& field) {
  return field == "event_id" ? "eventId" : field;
}

// The JSON array of what became of each event.
std::string ResultsOf(const v1::PublishEventsResponse& results) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartArray();
  for (const v1::EventResult& result : results.results()) {
    writer.StartObject();
    writer.Key("eventId");
    writer.String(ReplaceInvalidUtf8(result.event_id()).c_str());
    writer.Key("outcome");
    writer.String(v1::EventResult::Outcome_Name(result.outcome()).c_str());
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(text.GetString(), text.GetSize());
}

std::vector<HttpErrorDetail> DetailsOf(
    const v1::PublishEventsResponse& results) {
  std::vector<HttpErrorDetail> details;
  for (int i = 0; i < results.results_size(); ++i) {
    for (const v1::Violation& violation : results.results(i).violations()) {
      details.push_back({.index = i,
                         .field = FieldName(violation.field()),
                         .description = violation.description()});
    }
  }
  return details;
}

int CountRejected(const v1::PublishEventsResponse& results) {
  int rejected = 0;
  for (const v1::EventResult& result : results.results()) {
    rejected += result.outcome() == v1::EventResult::REJECTED;
  }
  return rejected;
}

}  // namespace

HttpResponse MakeTransformReport(const v1::PublishEventsResponse& results) {
  const int rejected = CountRejected(results);
  if (rejected == 0) {
    return JsonResponse(
        200, absl::StrCat(R"({"status":"ok","statusCode":200,)",
                          R"("results":)", ResultsOf(results), "}\n"));
  }
  const std::string message =
      absl::StrCat(rejected, " of ", results.results_size(),
                   " events rejected; the others need not be sent again");
  return JsonResponse(
      400, absl::StrCat(
               R"({"error":)",
               HttpErrorObject("INVALID_EVENTS", message, DetailsOf(results)),
               R"(,"results":)", ResultsOf(results), "}\n"));
}

}  // namespace mqttpush
