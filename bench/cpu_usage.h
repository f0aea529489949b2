// What processes take of the machine, seen from outside.
#ifndef MQTTPUSH_BENCH_CPU_USAGE_H_
#define MQTTPUSH_BENCH_CPU_USAGE_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace mqttpush::bench {

// User and system time of all threads of these processes, ended threads among
// them; of an ended process nothing.
absl::Duration CpuTimeOf(const std::vector<pid_t>& processes);

// The memory of these processes, where a page that several share counts once in
// all (PSS). A system that does not show that of a process (the service may not
// be read by other users) shows its RSS instead, and `exact` is false.
struct Memory {
  double mib = 0;
  bool exact = true;
};
Memory MemoryOf(const std::vector<pid_t>& processes);

int ThreadsOf(const std::vector<pid_t>& processes);

// The time that groups of processes spend, by the names of the groups.
class CpuMeter {
 public:
  using Groups = std::map<std::string, std::vector<pid_t>>;
  // Begins to measure.
  explicit CpuMeter(Groups groups);
  // Since then.
  std::map<std::string, absl::Duration> Spent() const;

 private:
  const Groups groups_;
  std::map<std::string, absl::Duration> start_;
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_CPU_USAGE_H_
