// Coverage: how far what is known of a tenant's events goes back, and whether
// that is as far as somebody asks.
#ifndef MQTTPUSH_SERVICES_HISTORY_COVERAGE_H_
#define MQTTPUSH_SERVICES_HISTORY_COVERAGE_H_

#include "absl/time/time.h"
#include "storage/log_extent.h"

namespace mqttpush {

// InfinitePast stands for the first event that there ever was.
struct Coverage {
  absl::Time log_since = absl::InfinitePast();
  absl::Time refused_since = absl::InfinitePast();     // not over the quota
  absl::Time over_quota_since = absl::InfinitePast();  // those
  // Files of the log that are missing in the time that is asked about, and
  // between which times their events came.
  int missing_files = 0;
  absl::Time missing_start = absl::InfinitePast();
  absl::Time missing_end = absl::InfinitePast();
  // What is not known did not happen.
  bool complete = false;
};

struct CoverageFacts {
  LogExtent log;
  absl::Time retained_since = absl::InfinitePast();  // of the tenant
  absl::Time refused_start;  // when remembering them began
  // Since when none is forgotten: of those over the quota, and of the others.
  absl::Time refused_complete_since;
  absl::Time over_quota_complete_since = absl::InfinitePast();
  // What is asked about: inclusive, exclusive.
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfiniteFuture();
};

Coverage CoverageOf(const CoverageFacts& facts);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_COVERAGE_H_
