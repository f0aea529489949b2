#include "services/ingest/token_bucket.h"

#include <algorithm>

namespace mqttpush {
namespace {

absl::Duration PerEvent(const IngestRate& rate) {
  return absl::Seconds(1) / rate.events_per_second;
}

// Less than 0 with a debt. One that is not whole yet does not count.
int64_t TokensOf(const IngestRate& rate, absl::Duration until_full) {
  absl::Duration part;
  int64_t missing = absl::IDivDuration(until_full, PerEvent(rate), &part);
  if (part > absl::ZeroDuration()) ++missing;
  return rate.burst - missing;
}

}  // namespace

absl::Duration TokenBucket::UntilFull(const IngestRate& rate,
                                      absl::Duration now) const {
  if (full_at_ <= now) return absl::ZeroDuration();
  if (rate == rate_) return full_at_ - now;
  const int64_t tokens = std::min(TokensOf(rate_, full_at_ - now), rate.burst);
  return (rate.burst - tokens) * PerEvent(rate);
}

int64_t TokenBucket::Available(const IngestRate& rate,
                               absl::Duration now) const {
  return std::max<int64_t>(TokensOf(rate, UntilFull(rate, now)), 0);
}

void TokenBucket::Take(int64_t count, const IngestRate& rate,
                       absl::Duration now) {
  full_at_ = now + UntilFull(rate, now) + count * PerEvent(rate);
  rate_ = rate;
}

absl::Duration TokenBucket::WaitFor(int64_t count, const IngestRate& rate,
                                    absl::Duration now) const {
  return std::max(UntilFull(rate, now) - (rate.burst - count) * PerEvent(rate),
                  absl::ZeroDuration());
}

}  // namespace mqttpush
