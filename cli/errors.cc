#include "cli/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace mqttpush::cli {
namespace {

constexpr char kUnreachable[] = "mqttpush.cli/unreachable";

template <typename Detail>
std::string UrlOf() {
  return absl::StrCat("type.googleapis.com/",
                      Detail::descriptor()->full_name());
}

template <typename Detail>
bool GetDetail(const absl::Status& status, Detail* detail) {
  const auto payload = status.GetPayload(UrlOf<Detail>());
  return payload.has_value() && detail->ParseFromString(std::string(*payload));
}

// gRPC tells the whole story of a connection; its end is the cause.
absl::string_view CauseOf(absl::string_view message) {
  const size_t colon = message.rfind(": ");
  return colon == message.npos ? message : message.substr(colon + 2);
}

std::string HintFor(const absl::Status& status, absl::string_view reason) {
  if (status.GetPayload(kUnreachable)) {
    return "is it running there? --server, MQTTPUSH_CLI_SERVER or a profile "
           "says where it is";
  }
  if (status.code() == absl::StatusCode::kDeadlineExceeded && reason.empty()) {
    return "--timeout gives it longer";
  }
  if (status.code() == absl::StatusCode::kUnimplemented) {
    return "the service is older than this mqttpush, or not an MQTT Push "
           "service";
  }
  if (reason == "ETAG_MISMATCH") return "read it again, and repeat the change";
  if (absl::StrContains(status.message(), "set `force`")) {
    return "here that is --force";
  }
  google::rpc::RetryInfo retry;
  if (GetDetail(status, &retry)) return "try again in a moment";
  return "";
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status, absl::string_view server) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  if (code == absl::StatusCode::kUnavailable && details.details().empty()) {
    absl::Status error(
        code, absl::StrCat("cannot reach the service at ", server, ": ",
                           CauseOf(status.error_message())));
    error.SetPayload(kUnreachable, absl::Cord("1"));
    return error;
  }
  absl::Status error(code, status.error_message());
  for (const google::protobuf::Any& detail : details.details()) {
    error.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return error;
}

absl::Status UsageError(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

absl::Status At(absl::string_view where, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(where, ": ", status.message()));
}

std::vector<Violation> ViolationsOf(const absl::Status& status) {
  std::vector<Violation> violations;
  google::rpc::BadRequest request;
  if (!GetDetail(status, &request)) return violations;
  for (const auto& violation : request.field_violations()) {
    violations.push_back({violation.field(), OneLine(violation.description())});
  }
  return violations;
}

absl::Status ViolationsError(absl::string_view message,
                             const std::vector<Violation>& violations) {
  google::rpc::BadRequest request;
  for (const Violation& violation : violations) {
    auto* added = request.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
  }
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(UrlOf<google::rpc::BadRequest>(),
                    absl::Cord(request.SerializeAsString()));
  return status;
}

ErrorReport ReportOf(const absl::Status& status) {
  ErrorReport report;
  report.code = absl::StatusCodeToString(status.code());
  report.message = OneLine(status.message());
  google::rpc::ErrorInfo info;
  if (GetDetail(status, &info)) report.reason = info.reason();
  report.violations = ViolationsOf(status);
  // Such a message only strings the violations together.
  if (!report.violations.empty() &&
      absl::StrContains(report.message, report.violations[0].description)) {
    report.message = "the service does not take this:";
  }
  if (report.message.empty() &&
      status.code() == absl::StatusCode::kUnimplemented) {
    report.message = "the service does not know this call";
  }
  if (report.message.empty()) {
    report.message = absl::StrCat("the service says ", report.code);
  }
  report.hint = HintFor(status, report.reason);
  return report;
}

std::string ErrorText(const ErrorReport& report) {
  std::string text = absl::StrCat("mqttpush: ", report.message);
  for (const Violation& violation : report.violations) {
    absl::StrAppend(&text, "\n  ", violation.field, ": ",
                    violation.description);
  }
  if (!report.hint.empty()) absl::StrAppend(&text, "\n  hint: ", report.hint);
  return text;
}

std::string ErrorJson(const ErrorReport& report) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto field = [&](const char* name, const std::string& value) {
    json.Key(name);
    json.String(value.c_str(), value.size());
  };
  json.StartObject();
  json.Key("error");
  json.StartObject();
  field("code", report.code);
  field("reason", report.reason);
  field("message", report.message);
  json.Key("violations");
  json.StartArray();
  for (const Violation& violation : report.violations) {
    json.StartObject();
    field("field", violation.field);
    field("description", violation.description);
    json.EndObject();
  }
  json.EndArray();
  field("hint", report.hint);
  json.EndObject();
  json.EndObject();
  return buffer.GetString();
}

}  // namespace mqttpush::cli
