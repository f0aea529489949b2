#include "services/ingest/token_bucket.h"

#include <algorithm>

namespace mqttpush {
namespace {

absl::Duration PerEvent(const IngestRate& rate) {
  return absl::Seconds(1) / rate.events_per_second;
}

}  // namespace

int64_t TokenBucket::Available(const IngestRate& rate,
                               absl::Duration now) const {
  const absl::Duration until_full =
      std::max(full_at_ - now, absl::ZeroDuration());
  absl::Duration part;
  int64_t missing = absl::IDivDuration(until_full, PerEvent(rate), &part);
  if (part > absl::ZeroDuration()) ++missing;
  return std::max<int64_t>(rate.burst - missing, 0);
}

void TokenBucket::Take(int64_t count, const IngestRate& rate,
                       absl::Duration now) {
  full_at_ = std::max(full_at_, now) + count * PerEvent(rate);
}

absl::Duration TokenBucket::WaitFor(int64_t count, const IngestRate& rate,
                                    absl::Duration now) const {
  const absl::Duration until_full =
      std::max(full_at_ - now, absl::ZeroDuration());
  return std::max(until_full - (rate.burst - count) * PerEvent(rate),
                  absl::ZeroDuration());
}

}  // namespace mqttpush
