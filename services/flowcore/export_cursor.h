// ExportCursor: how far delivery results have been exported, on disk.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_
#define MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/flowcore/export_batch.h"

namespace mqttpush {

// A file with an event id (time_uuid.h), so that it means the same over a
// restored log, whose attempts get other numbers; behind it the attempt's
// number, which only tells whether results are missing. Thread-compatible.
class ExportCursor {
 public:
  explicit ExportCursor(std::string path) : path_(std::move(path)) {}

  // Absent when there is no file. DATA_LOSS when it holds something else.
  absl::StatusOr<std::optional<ExportPosition>> Load() const;
  // Replaces the file, whole or not at all. UNAVAILABLE when it cannot.
  absl::Status Save(const ExportPosition& exported) const;

 private:
  const std::string path_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_
