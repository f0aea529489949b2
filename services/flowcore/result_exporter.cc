#include "services/flowcore/result_exporter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "services/flowcore/result_stream.h"
#include "services/flowcore/time_uuid.h"

namespace mqttpush {
namespace {

constexpr int kRowsPerBatch = 100;
constexpr absl::Duration kSaveInterval = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<ResultExporter>> ResultExporter::Start(
    AttemptJournal* journal, const ConfigStore* config, FlowTypes flow_types,
    const Clock* clock, ExportOptions options) {
  MQTTPUSH_ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client,
                            HttpClient::Make(options.client));
  std::unique_ptr<ResultExporter> exporter(
      new ResultExporter(journal, config, std::move(flow_types), clock,
                         std::move(options), std::move(client)));
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<ExportPosition> exported,
                            exporter->cursor_.Load());
  exporter->exported_ =
      exported.value_or(ExportPosition{.ticks = journal->SettledBefore() - 1});
  MQTTPUSH_RETURN_IF_ERROR(exporter->SaveCursor(/*now=*/true));
  exporter->thread_ = std::thread([raw = exporter.get()] { raw->Run(); });
  return exporter;
}

ResultExporter::ResultExporter(AttemptJournal* journal,
                               const ConfigStore* config, FlowTypes flow_types,
                               const Clock* clock, ExportOptions options,
                               std::unique_ptr<HttpClient> client)
    : journal_(journal),
      config_(config),
      flow_types_(std::move(flow_types)),
      clock_(clock),
      options_(std::move(options)),
      cursor_(options_.cursor_path),
      client_(std::move(client)),
      url_(options_.url) {
  absl::StrAppend(&url_.path, "/", kResultFlowType, "/", kResultEventType);
  headers_.Add("Authorization", options_.api_key);
  headers_.Add("Content-Type", "application/json");
  // Flowcore's validTime of each event is the field of its payload.
  headers_.Add("x-flowcore-valid-time-key", "timestamp");
}

ResultExporter::~ResultExporter() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  client_->Cancel();
  thread_.join();
}

void ResultExporter::Run() {
  while (Wait(Pause(ExportNext()))) {
  }
  SaveCursor(/*now=*/true).IgnoreError();  // or it is sent again
}

absl::Status ResultExporter::ExportNext() {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t after,
                            journal_->FindBefore(exported_.ticks + 1));
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<JournalRow> rows,
                            journal_->ReadAfter(after, kRowsPerBatch));
  if (rows.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(SaveCursor(/*now=*/true));
    return absl::NotFoundError("nothing to export");
  }
  const ExportBatch batch =
      MakeExportBatch(rows, flow_types_, *config_->Snapshot());
  if (batch.count > 0) MQTTPUSH_RETURN_IF_ERROR(Send(batch));
  Warn(batch);
  exported_ = batch.through;
  return SaveCursor(/*now=*/false);
}

absl::Status ResultExporter::SaveCursor(bool now) {
  const absl::Time time = clock_->Now();
  if (saved_ == exported_ ||
      (!now && absl::AbsDuration(time - save_time_) < kSaveInterval)) {
    return absl::OkStatus();
  }
  MQTTPUSH_RETURN_IF_ERROR(cursor_.Save(exported_));
  saved_ = exported_;
  save_time_ = time;
  return absl::OkStatus();
}

// Of what Flowcore does not get.
void ResultExporter::Warn(const ExportBatch& batch) const {
  if (batch.left_out > 0) {
    Log::Warning("flowcore_export_left_out", {{"results", batch.left_out}});
  }
  const int64_t missing = MissingFrom(batch, exported_);
  if (missing > 0) {
    Log::Warning("flowcore_export_gap",
                 {{"results", missing}, {"after", TimeUuid(exported_.ticks)}});
  }
}

absl::Status ResultExporter::Send(const ExportBatch& batch) {
  MQTTPUSH_ASSIGN_OR_RETURN(const HttpResponse response,
                            client_->Post(url_, headers_, batch.body));
  retry_after_ = RetryAfterOf(response, clock_->Now());
  const absl::Status exported = CheckExported(response, batch.count);
  if (exported.ok()) return exported;
  // Should the other side repeat what it got.
  return absl::Status(exported.code(),
                      absl::StrReplaceAll(exported.message(),
                                          {{options_.api_key, "<api key>"}}));
}

absl::Duration ResultExporter::Pause(const absl::Status& status) {
  if (status.ok() || absl::IsNotFound(status)) {
    failures_ = 0;
    return status.ok() ? absl::ZeroDuration() : options_.idle;
  }
  const int doublings = std::min(failures_++, 20);
  const absl::Duration backoff =
      std::min(options_.backoff_base * (1 << doublings), options_.backoff_max);
  const absl::Duration pause =
      std::max(backoff, std::exchange(retry_after_, absl::ZeroDuration()));
  if (!absl::IsCancelled(status)) {
    Log::Warning("flowcore_export_failed",
                 {{"error", status.message()},
                  {"in_a_row", failures_},
                  {"next_try_in", absl::FormatDuration(pause)}});
  }
  return pause;
}

bool ResultExporter::Wait(absl::Duration duration) {
  MutexLock lock(&mutex_);
  if (!stopping_ && duration > absl::ZeroDuration()) {
    changed_.WaitFor(&mutex_, duration);
  }
  return !stopping_;
}

}  // namespace mqttpush
