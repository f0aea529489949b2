#include "services/flowcore/export_batch.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/api/text.h"
#include "services/flowcore/result_converter.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxShownBytes = 200;
constexpr absl::Duration kMaxRetryAfter = absl::Hours(1);

// Absent: it is left out.
std::optional<std::string> PayloadOf(const JournalRow& row,
                                     const FlowTypes& flow_types,
                                     const ConfigSnapshot& config) {
  const TenantRecord* tenant = config.FindTenant(row.tenant_uid);
  if (tenant == nullptr) return std::nullopt;
  const ResultStream stream = {.tenant = tenant->id};
  const DeliveryResult result = ToResult(row.row, {stream, flow_types, config});
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  WriteResultPayload(result, writer);
  if (text.GetSize() > ExportBatch::kMaxEventBytes) return std::nullopt;
  return std::string(text.GetString(), text.GetSize());
}

}  // namespace

ExportBatch MakeExportBatch(const std::vector<JournalRow>& rows,
                            const FlowTypes& flow_types,
                            const ConfigSnapshot& config) {
  ExportBatch batch;
  batch.body.push_back('[');
  for (const JournalRow& row : rows) {
    if (batch.body.size() > ExportBatch::kMaxBytes) break;
    const auto payload = PayloadOf(row, flow_types, config);
    if (payload.has_value()) {
      if (batch.count++ > 0) batch.body.push_back(',');
      batch.body.append(*payload);
    } else {
      ++batch.left_out;
    }
    batch.through = {row.row.attempt.recording.ticks, row.row.attempt_seq};
  }
  batch.body.push_back(']');
  return batch;
}

int64_t MissingFrom(const ExportBatch& batch, const ExportPosition& exported) {
  if (exported.attempt_seq == 0) return 0;
  const int64_t recorded = batch.through.attempt_seq - exported.attempt_seq;
  return std::max<int64_t>(0, recorded - batch.count - batch.left_out);
}

absl::Duration RetryAfterOf(const HttpResponse& response, absl::Time now) {
  const std::string text(response.headers.Get("Retry-After"));
  absl::Duration delay;
  int64_t seconds = 0;
  absl::Time time;
  if (absl::SimpleAtoi(text, &seconds)) {
    delay = absl::Seconds(seconds);
  } else if (absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", text, &time,
                             nullptr)) {
    delay = time - now;
  }
  return std::clamp(delay, absl::ZeroDuration(), kMaxRetryAfter);
}

absl::Status CheckExported(const HttpResponse& response, int count) {
  if (response.status < 200 || response.status > 299) {
    return absl::UnavailableError(absl::StrCat(
        "status ", response.status, ": ",
        ReplaceInvalidUtf8(Truncate(response.body, kMaxShownBytes))));
  }
  rapidjson::Document body;
  body.Parse<rapidjson::kParseIterativeFlag>(response.body.data(),
                                             response.body.size());
  if (body.HasParseError() || !body.IsObject() || !body.HasMember("eventIds") ||
      !body["eventIds"].IsArray()) {
    return absl::OkStatus();  // the status says all that is needed
  }
  const int taken = static_cast<int>(body["eventIds"].Size());
  if (taken == count) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("it took ", taken, " events of ", count));
}

}  // namespace mqttpush
