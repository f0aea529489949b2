#include "services/flowcore/transform_report.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "services/api/text.h"
#include "services/http/http_error.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

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

int Count(v1::EventResult::Outcome outcome,
          const v1::PublishEventsResponse& results) {
  int count = 0;
  for (const v1::EventResult& result : results.results()) {
    count += result.outcome() == outcome;
  }
  return count;
}

HttpResponse Report(int status, absl::string_view error,
                    const v1::PublishEventsResponse& results) {
  return JsonResponse(status,
                      absl::StrCat(R"({"error":)", error, R"(,"results":)",
                                   ResultsOf(results), "}\n"));
}

template <typename Detail>
Detail DetailOf(const google::rpc::Status& error) {
  Detail found;
  for (const auto& detail : error.details()) {
    if (detail.UnpackTo(&found)) break;
  }
  return found;
}

absl::Duration DelayOf(const google::rpc::Status& error) {
  const auto retry = DetailOf<google::rpc::RetryInfo>(error);
  return absl::Nanoseconds(
      TimeUtil::DurationToNanoseconds(retry.retry_delay()));
}

// Of the tenant's own quota, not of another one's in the same request.
bool IsOwn(const google::rpc::Status& error) {
  return DetailOf<google::rpc::ErrorInfo>(error).reason() !=
         "OTHERS_OVER_QUOTA";
}

// After the longest of the delays: all of the request has to find room at once.
HttpResponse OverQuotaReport(int over_quota,
                             const v1::PublishEventsResponse& results) {
  absl::Duration delay;
  const google::rpc::Status* first = nullptr;
  for (const v1::EventResult& result : results.results()) {
    if (result.outcome() != v1::EventResult::OVER_QUOTA) continue;
    if (first == nullptr || !IsOwn(*first)) first = &result.error();
    delay = std::max(delay, DelayOf(result.error()));
  }
  const std::string message = absl::StrCat(
      over_quota, " of ", results.results_size(),
      " events not taken; send the request again: ", first->message());
  const auto info = DetailOf<google::rpc::ErrorInfo>(*first);
  HttpResponse response =
      Report(429, HttpErrorObject(info.reason(), message, DetailsOf(results)),
             results);
  SetRetryAfter(delay, &response);
  return response;
}

}  // namespace

HttpResponse MakeTransformReport(const v1::PublishEventsResponse& results) {
  const int over_quota = Count(v1::EventResult::OVER_QUOTA, results);
  if (over_quota > 0) return OverQuotaReport(over_quota, results);
  const int rejected = Count(v1::EventResult::REJECTED, results);
  if (rejected == 0) {
    return JsonResponse(
        200, absl::StrCat(R"({"status":"ok","statusCode":200,)",
                          R"("results":)", ResultsOf(results), "}\n"));
  }
  const std::string message =
      absl::StrCat(rejected, " of ", results.results_size(),
                   " events rejected; the others need not be sent again");
  return Report(400,
                HttpErrorObject("INVALID_EVENTS", message, DetailsOf(results)),
                results);
}

}  // namespace mqttpush
