// SegmentSummary: what a segment holds, in a few numbers: enough to pass it by
// when it cannot hold what is asked for.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SUMMARY_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SUMMARY_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/container/flat_hash_map.h"

namespace mqttpush {

// From the lowest to the highest of some numbers; empty at first.
struct Range {
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = std::numeric_limits<int64_t>::min();
  void Include(int64_t value) {
    first = std::min(first, value);
    last = std::max(last, value);
  }
  bool Contains(int64_t value) const { return first <= value && value <= last; }
  bool empty() const { return first > last; }
};

// The part of one subscription.
struct SubscriptionTally {
  int64_t events = 0;     // that it took
  int64_t successes = 0;  // attempts that succeeded
  // Exceptions that began in this segment; only of a sealed one.
  int64_t parked = 0;
  int64_t expired = 0;
  int64_t discarded = 0;
  Range attempted_seqs;  // event seqs of its attempts

  // Adds the counts of another segment.
  void AddCounts(const SubscriptionTally& other) {
    events += other.events;
    successes += other.successes;
    parked += other.parked;
    expired += other.expired;
    discarded += other.discarded;
  }
};

using Tallies = absl::flat_hash_map<int64_t, SubscriptionTally>;  // by uid

struct SegmentSummary {
  int64_t last_event_seq = 0;    // the first one less one: no events
  int64_t last_attempt_seq = 0;  // likewise
  Range accept_times_us;
  Range start_times_us;  // of attempts
  Range attempted_seqs;  // event seqs of attempts
  Range exception_seqs;  // event seqs of exceptions
  Tallies tallies;

  // Zeros for a subscription without a part in it.
  const SubscriptionTally& TallyOf(int64_t subscription_uid) const {
    static const SubscriptionTally kNone;
    const auto found = tallies.find(subscription_uid);
    return found == tallies.end() ? kNone : found->second;
  }
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEGMENT_SUMMARY_H_
