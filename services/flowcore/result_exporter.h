// ResultExporter: sends the delivery results of all tenants to Flowcore's
// ingestion, in batches, in the order in which they were recorded.
//
// At least once: it goes on behind the last batch that was answered, also after
// a restart; what was sent and not answered is sent again. It begins with what
// is recorded after it was switched on first.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_RESULT_EXPORTER_H_
#define MQTTPUSH_SERVICES_FLOWCORE_RESULT_EXPORTER_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "services/flowcore/export_batch.h"
#include "services/flowcore/export_cursor.h"
#include "services/http/http_client.h"
#include "storage/attempt_journal.h"
#include "storage/config_store.h"

namespace mqttpush {

struct ExportOptions {
  HttpUrl url;          // of the data core: ".../events/<tenant>/<data core>"
  std::string api_key;  // secret: the field Authorization
  std::string cursor_path;
  HttpClientOptions client;
  // Between looks at the log, when there was nothing more.
  absl::Duration idle = absl::Seconds(1);
  // After a batch that was not taken; doubles up to the second. Longer when the
  // other side asks for it (RetryAfterOf).
  absl::Duration backoff_base = absl::Seconds(1);
  absl::Duration backoff_max = absl::Minutes(1);
};

// A thread of its own, which only reads the log: the service waits for it
// nowhere, and what is not exported yet stays on disk as long as the history
// does.
class ResultExporter {
 public:
  // All must outlive it. INVALID_ARGUMENT or DATA_LOSS when an option or the
  // cursor cannot be used.
  static absl::StatusOr<std::unique_ptr<ResultExporter>> Start(
      AttemptJournal* journal, const ConfigStore* config, FlowTypes flow_types,
      const Clock* clock, ExportOptions options);
  // Cuts a request that is under way, and waits for nobody.
  ~ResultExporter();

 private:
  ResultExporter(AttemptJournal* journal, const ConfigStore* config,
                 FlowTypes flow_types, const Clock* clock,
                 ExportOptions options, std::unique_ptr<HttpClient> client);

  void Run();
  // OK when there was something, and it was taken; NOT_FOUND: there was
  // nothing.
  absl::Status ExportNext();
  absl::Status Send(const ExportBatch& batch);
  // Each second, not with each batch: a write of the disk is one of the log's.
  absl::Status SaveCursor(bool now);
  void Warn(const ExportBatch& batch) const;
  // How long to wait after `status`.
  absl::Duration Pause(const absl::Status& status);
  // False: it is to end.
  bool Wait(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);

  AttemptJournal* const journal_;
  const ConfigStore* const config_;
  const FlowTypes flow_types_;
  const Clock* const clock_;
  const ExportOptions options_;
  const ExportCursor cursor_;
  const std::unique_ptr<HttpClient> client_;
  HttpHeaders headers_;
  HttpUrl url_;

  // Its thread only.
  ExportPosition exported_;
  ExportPosition saved_;
  absl::Duration retry_after_;  // of the last response
  absl::Time save_time_;
  int failures_ = 0;  // in a row

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_RESULT_EXPORTER_H_
