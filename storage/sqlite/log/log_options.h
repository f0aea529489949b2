// LogOptions: how the log is cut into segments, and how long it remembers.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_OPTIONS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_OPTIONS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mqttpush {

struct LogOptions {
  // The next segment begins when the newest one has so many rows (events and
  // attempts together), or is so old. More rows make fewer segments to look
  // into, and cost memory: about 70 bytes a row of the newest one, and of one
  // that is being sealed.
  int64_t segment_rows = 400'000;
  absl::Duration segment_age = absl::Hours(24);

  // An event id that a tenant used within this time is a DUPLICATE.
  absl::Duration dedupe_window = absl::Hours(7 * 24);

  // Whole segments are dropped, the oldest first, when all in them is older
  // than this, and while the log is larger than so many bytes (0: no limit);
  // never one that holds an event that is waiting, in flight or retrying.
  absl::Duration retention = absl::Hours(90 * 24);
  int64_t retention_bytes = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_OPTIONS_H_
