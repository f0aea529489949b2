// ExportCursor: how far delivery results have been exported, on disk.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_
#define MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqttpush {

// A file with an event id (time_uuid.h), so that it means the same over a
// restored log, whose attempts get other numbers. Thread-compatible.
class ExportCursor {
 public:
  explicit ExportCursor(std::string path) : path_(std::move(path)) {}

  // The ticks of the last one exported; absent when there is no file. DATA_LOSS
  // when it holds something else.
  absl::StatusOr<std::optional<int64_t>> Load() const;
  // Replaces the file, whole or not at all. UNAVAILABLE when it cannot.
  absl::Status Save(int64_t ticks) const;

 private:
  const std::string path_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_EXPORT_CURSOR_H_
