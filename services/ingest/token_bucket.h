// TokenBucket: how fast events may come in.
#ifndef MQTTPUSH_SERVICES_INGEST_TOKEN_BUCKET_H_
#define MQTTPUSH_SERVICES_INGEST_TOKEN_BUCKET_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mqttpush {

// Both from 1. May be another one with each call.
struct IngestRate {
  int64_t events_per_second = 1;
  int64_t burst = 1;  // what a full bucket holds

  bool operator==(const IngestRate& other) const = default;
};

// Full at first. Keeps only when it would be full again, so that nothing has to
// fill it. When the rate changes, the tokens that are there stay, as many as
// the new burst holds; a full one stays full. Times are those of a steady
// clock. Thread-compatible.
class TokenBucket {
 public:
  int64_t Available(const IngestRate& rate, absl::Duration now) const;
  // More than are available is a debt: nothing is available until it is paid.
  // Less than 0 gives back what was taken.
  void Take(int64_t count, const IngestRate& rate, absl::Duration now);
  // How long until so many, at most the burst, are available.
  absl::Duration WaitFor(int64_t count, const IngestRate& rate,
                         absl::Duration now) const;

 private:
  absl::Duration UntilFull(const IngestRate& rate, absl::Duration now) const;

  absl::Duration full_at_ = -absl::InfiniteDuration();  // by rate_
  IngestRate rate_;                                     // of the last Take
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_TOKEN_BUCKET_H_
