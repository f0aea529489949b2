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
#include "bench/log_load.h"
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

  // `reader`, and `load`, which writes what is asked for, must outlive it.
  // Begins when there is something to ask for.
  LogQueries(HistoryReader& reader, const LogLoad& load);
  // Stops.
  ~LogQueries();

  // So many events are in the log; what is measured from now on is of that part
  // of its growth.
  void Grown(int64_t count, int part);

  // What asking has taken of the CPU so far.
  absl::Duration CpuTime() const {
    return absl::Nanoseconds(cpu_nanos_.load());
  }

  // Nothing is measured any more, as after an error, which it returns.
  absl::Status Stop();
  // What the questions of a kind took in these parts, in milliseconds.
  std::vector<double> Millis(const std::string& kind, int first_part,
                             int last_part) const;

 private:
  void Run();
  absl::Status Ask(size_t kind, int64_t count);

  HistoryReader& reader_;
  const LogLoad& load_;
  std::mt19937_64 random_{20261120};
  mutable Mutex mutex_;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  int part_ ABSL_GUARDED_BY(mutex_) = 0;
  // By part and kind.
  std::map<int, std::map<std::string, std::vector<double>>> millis_
      ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> cpu_nanos_ = 0;
  std::thread thread_;  // last: starts when the rest is ready
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOG_QUERIES_H_
