// ExportBatch: some delivery results in a row, as the body of a request to
// Flowcore's ingestion: an array of payloads (delivery_result.h).
#ifndef MQTTPUSH_SERVICES_FLOWCORE_EXPORT_BATCH_H_
#define MQTTPUSH_SERVICES_FLOWCORE_EXPORT_BATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/flowcore/flow_types.h"
#include "services/http/http_message.h"
#include "storage/attempt_journal.h"
#include "storage/config_snapshot.h"

namespace mqttpush {

// The last result that was exported.
struct ExportPosition {
  int64_t ticks = 0;
  // Its attempt_seq, by which a gap behind it is known; 0: not known.
  int64_t attempt_seq = 0;
  bool operator==(const ExportPosition&) const = default;
};

struct ExportBatch {
  // What Flowcore takes of one event; what is larger is left out.
  static constexpr size_t kMaxEventBytes = 64 << 10;
  // It ends soon after the body has come to so much.
  static constexpr size_t kMaxBytes = 512 << 10;

  std::string body;
  int count = 0;
  // Too large, or of a tenant that was deleted.
  int left_out = 0;
  ExportPosition through;  // where the next one begins
};

// Of `rows`, as many as go into one; not empty.
ExportBatch MakeExportBatch(const std::vector<JournalRow>& rows,
                            const FlowTypes& flow_types,
                            const ConfigSnapshot& config);

// How many results behind `exported`, up to the end of `batch`, were not in the
// log any more; 0 also when that is not known.
int64_t MissingFrom(const ExportBatch& batch, const ExportPosition& exported);

// How long the other side wants not to be asked, by Retry-After: seconds, or a
// time; at most an hour. Zero: it does not say.
absl::Duration RetryAfterOf(const HttpResponse& response, absl::Time now);

// Why a batch is to be sent again; OK when Flowcore has all of it. The message
// shows nothing of what was sent.
absl::Status CheckExported(const HttpResponse& response, int count);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_EXPORT_BATCH_H_
