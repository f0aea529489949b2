// CrashRun: one log, and the processes that write it and are killed.
#ifndef MQTTPUSH_TESTS_CRASH_CRASH_RUN_H_
#define MQTTPUSH_TESTS_CRASH_CRASH_RUN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/crash/kill_point.h"
#include "tests/crash/log_model.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::crash {

// How often a writer was killed where, in words as "seal pwrite".
using Places = std::map<std::string, int>;

// The ledger is a pipe, so it survives what happens to the writer. What the
// writer handed in reaches the log in that order; so after a kill the log holds
// the first so many operations, all that were acknowledged among them, each
// whole. Not thread-safe.
class CrashRun {
 public:
  // About so many calls a writer makes in a part, or somewhat fewer.
  struct PartCalls {
    Part part = Part::kAnywhere;
    int calls = 0;
  };

  // Half of the runs begin with a log.db that is to be imported.
  explicit CrashRun(uint32_t seed);

  // Starts a writer, kills it, and mostly opens the log and compares it with
  // the ledger. Else the next writer finds it as it was left.
  Findings Round(Places& places);
  // Opens the log and compares.
  Findings Check();

 private:
  // When and where to kill.
  struct Plan {
    Part part = Part::kAnywhere;
    int call = 0;          // 0: no KillPoint
    int acknowledged = 0;  // kill after so many; 0: not by that
    absl::Duration after = absl::InfiniteDuration();
  };

  absl::Status WriteLegacyLog();
  PartCalls ChoosePart();
  Plan MakePlan();
  absl::StatusOr<std::unique_ptr<ChildProcess>> StartWriter(const Plan& plan,
                                                            int ledger_fd);
  // Reads the ledger until the writer has ended, and kills it as planned.
  void Follow(int ledger_fd, const Plan& plan, ChildProcess& writer);
  void TakeLine(absl::string_view line);
  // The last event and attempt in the log: works out what reached it.
  void Settle(int64_t events, int64_t attempts);

  std::mt19937 random_;
  TempDir temp_;
  LogModel model_;
  int64_t next_event_ = 1;
  int64_t retention_bytes_ = 0;  // of half of the runs; 0: no limit
  // Of the last writer that wrote: what is not in the model yet.
  std::vector<Operation> handed_in_;
  std::vector<std::string> outcomes_;  // of the acknowledged ones
  std::string place_;                  // where the writer was killed
  Findings findings_;
};

// Kills `kills` writers over several runs. Prints what it does when `verbose`.
struct CrashResult {
  Findings findings;
  Places places;
  int kills = 0;
  int rounds = 0;
};
CrashResult KillWriters(uint32_t seed, int kills, bool verbose);

}  // namespace mqttpush::crash

#endif  // MQTTPUSH_TESTS_CRASH_CRASH_RUN_H_
