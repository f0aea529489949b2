#include "services/history/coverage.h"

#include <algorithm>

namespace mqttpush {
namespace {

absl::Time LogSince(const CoverageFacts& facts) {
  if (facts.retained_since > facts.log.begin) return facts.retained_since;
  return facts.log.from_the_first ? absl::InfinitePast() : facts.log.begin;
}

// Nothing can have been refused before the log was begun, if that was by this
// very process.
absl::Time RefusedSince(const CoverageFacts& facts, absl::Time complete_since) {
  const bool first_run = facts.log.from_the_first &&
                         facts.log.begin >= facts.refused_start &&
                         complete_since == facts.refused_start;
  return first_run ? absl::InfinitePast() : complete_since;
}

}  // namespace

Coverage CoverageOf(const CoverageFacts& facts) {
  Coverage coverage = {
      .log_since = LogSince(facts),
      .refused_since = RefusedSince(facts, facts.refused_complete_since),
      .over_quota_since = RefusedSince(facts, facts.over_quota_complete_since)};
  for (const LogExtent::Gap& gap : facts.log.gaps) {
    if (gap.end < facts.start_time || gap.start >= facts.end_time) continue;
    if (coverage.missing_files == 0) coverage.missing_start = gap.start;
    coverage.missing_files += gap.files;
    coverage.missing_end = gap.end;
  }
  coverage.complete = coverage.missing_files == 0 &&
                      std::max({coverage.log_since, coverage.refused_since,
                                coverage.over_quota_since}) <= facts.start_time;
  return coverage;
}

}  // namespace mqttpush
