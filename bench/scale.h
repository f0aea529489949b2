// Scale: how much a bench does. The figures have the same names at each.
#ifndef MQTTPUSH_BENCH_SCALE_H_
#define MQTTPUSH_BENCH_SCALE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace mqttpush::bench {

struct Scale {
  std::string name;
  int many_tenants;          // what the keys call 100
  std::vector<int> tenants;  // of the section of that name
  absl::Duration run;        // of one measurement of a rate
  absl::Duration idle;       // of one measurement of idle processes
  int rounds;                // of ceiling and relay in turn
  int64_t log_attempts;
  int64_t backlog;
};

// Within 10 minutes in all on two cores.
inline Scale QuickScale() {
  return {"quick",          100, {1, 100}, absl::Seconds(3),
          absl::Seconds(5), 2,   300'000,  100'000};
}

// What docs/performance.md shows.
inline Scale NormalScale() {
  return {"normal",          100, {1, 100},   absl::Seconds(10),
          absl::Seconds(30), 3,   20'000'000, 1'000'000};
}

inline Scale FullScale() {
  return {
      "full", 100,         {1, 100, 1000}, absl::Seconds(10), absl::Seconds(30),
      5,      100'000'000, 1'000'000};
}

// Only to see that everything works: the figures mean nothing.
inline Scale TinyScale() {
  return {
      "tiny", 3,      {1, 3}, absl::Milliseconds(150), absl::Milliseconds(200),
      1,      10'000, 1'000};
}

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_SCALE_H_
