// Load: the bench as a producer.
#ifndef MQTTPUSH_BENCH_LOAD_H_
#define MQTTPUSH_BENCH_LOAD_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/installation.h"
#include "bench/sample_events.h"

namespace mqttpush::bench {

// Numbers events and sends them, for all tenants in turn. What is not ACCEPTED
// is an error. Not thread-safe.
class Load {
 public:
  // Both must outlive it.
  Load(const SampleEvents& samples, Installation& installation)
      : samples_(samples), installation_(installation) {}

  // Sends `count` events by one StreamEvents call, in batches of `batch`, and
  // waits for all answers. `before_batch` is called before each is made; its
  // error ends the call in order, and is returned if nothing else is wrong.
  absl::Status Stream(int64_t count, int batch,
                      const std::function<absl::Status()>& before_batch);

  // As fast as they are delivered: at most some kMostOpen events are with the
  // service.
  static constexpr int kMostOpen = 20'000;
  absl::Status StreamAsDelivered(int64_t count);
  // At a rate, in events per second, from a batch each 2 ms down to single
  // events.
  absl::Status StreamAtRate(double rate, absl::Duration duration);

  // The next batch.
  v1::PublishEventsRequest Batch(int64_t count);

 private:
  // Looks at one tenant's backlog now and then, and waits while it is long.
  absl::Status HoldBack();

  const SampleEvents& samples_;
  Installation& installation_;
  int64_t next_number_ = 0;
  int64_t next_look_ = 0;
  absl::Duration looked_;
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOAD_H_
