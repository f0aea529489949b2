// LogQueries: support, which asks all the time while the log is written.
#ifndef MQTTPUSH_BENCH_LOG_QUERIES_H_
#define MQTTPUSH_BENCH_LOG_QUERIES_H_

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/mutex.h"
#include "storage/history_reader.h"

namespace mqttpush::bench {

// Asks for the first page of one kind of filter after the other, of tenants,
// assets and events taken at random (with a fixed seed) of what LogLoad wrote;
// one question each 5 ms. Thread-safe.
class LogQueries {
 public:
  // The filters, by name. Those that select few of a tenant's events come
  // first.
  static const std::vector<std::string>& Kinds();
  static constexpr int kSelective = 4;

  // `reader` must outlive it. Begins when there is something to ask for.
  explicit LogQueries(HistoryReader& reader);
  // Stops.
  ~LogQueries();

  // So many events are in the log; what is measured from now on is remembered
  // under `phase`.
  void Grown(int64_t count, int phase);

  // What asking has taken of the CPU so far.
  absl::Duration CpuTime() const {
    return absl::Nanoseconds(cpu_nanos_.load());
  }

  // Milliseconds, by kind, of a phase. After that, and after an error, nothing
  // is measured any more.
  absl::StatusOr<std::map<std::string, std::vector<double>>> Stop(int phase);

 private:
  void Run();
  absl::Status Ask(size_t kind, int64_t count);

  HistoryReader& reader_;
  std::mt19937_64 random_{20261120};
  Mutex mutex_;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  int phase_ ABSL_GUARDED_BY(mutex_) = 0;
  // By phase and kind.
  std::map<int, std::map<std::string, std::vector<double>>> millis_
      ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> cpu_nanos_ = 0;
  std::thread thread_;  // last: starts when the rest is ready
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOG_QUERIES_H_
