// What the suite prints.
#ifndef MQTTPUSH_TESTS_FAULT_REPORT_H_
#define MQTTPUSH_TESTS_FAULT_REPORT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fault/round_plan.h"
#include "tests/fault/round_verdict.h"

namespace mqttpush::fault {

// Collects rounds and prints them. Not thread-safe.
class Report {
 public:
  explicit Report(std::vector<std::string> links) : links_(std::move(links)) {}

  // One line, and the complaints of a round that failed.
  void Round(const RoundPlan& plan, const RoundVerdict& verdict,
             absl::Duration duration);
  // A round that says nothing about us: a mosquitto crashed, and what it had
  // acknowledged and not saved is gone. Counts neither as passed nor as failed.
  void Void(const RoundPlan& plan, const std::string& why);
  // How to see a failed round again, and what was kept.
  void Reproduce(const RoundPlan& plan, const std::string& only,
                 const std::string& kept);
  // The tables, and "N passed, N failed". `wanted`: rounds asked for.
  void Summary(int wanted, absl::Duration duration);
  // Some rounds passed and none failed.
  bool good() const { return passed_ > 0 && failed_ == 0; }

 private:
  struct FaultRow {
    int rounds = 0;
    int strikes = 0;
    int failed = 0;  // rounds
  };
  void FaultTable();
  void CountTable();

  const std::vector<std::string> links_;
  RoundCounts totals_;
  std::map<std::string, FaultRow> faults_;
  int passed_ = 0;
  int failed_ = 0;
  int void_ = 0;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_REPORT_H_
