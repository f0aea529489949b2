// mqttpush-fault: what `./dev fault` runs.
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "demo/fleet.h"
#include "tests/fault/report.h"
#include "tests/fault/round.h"

namespace mqttpush::fault {
namespace {

// After so many rounds everything is started anew, so that a long run does not
// read an ever longer history.
constexpr int kRoundsOfABench = 10;
constexpr int64_t kNumbersOfARound = 1'000;

std::atomic<bool> interrupted = false;

struct Arguments {
  uint64_t seed = 1;
  int rounds = 20;
  std::string only;
  std::vector<const FaultKind*> kinds;
};

void PrintUsage() {
  std::puts(
      "usage: ./dev fault [--seed N] [--rounds N] [--only NAME[,NAME...]]\n"
      "       ./dev fault --list\n\n"
      "Runs rounds of load and faults, with the seeds N, N+1, ... (default: "
      "20\n"
      "rounds from seed 1), and compares what arrived with what was "
      "accepted.\n");
}

void PrintFaults() {
  for (const FaultKind& kind : AllFaults()) {
    std::printf("%-22s %s\n", kind.name, kind.what);
  }
}

bool ChooseKinds(Arguments& arguments) {
  if (arguments.only.empty()) {
    for (const FaultKind& kind : AllFaults()) arguments.kinds.push_back(&kind);
    return true;
  }
  const std::vector<std::string> names = absl::StrSplit(arguments.only, ',');
  for (const std::string& name : names) {
    arguments.kinds.push_back(FindFault(name));
    if (arguments.kinds.back() != nullptr) continue;
    std::fprintf(stderr, "no such fault: %s; there are:\n", name.c_str());
    PrintFaults();
    return false;
  }
  return true;
}

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const absl::string_view name = argv[i], value = argv[i + 1];
    bool good = false;
    if (name == "--seed") good = absl::SimpleAtoi(value, &arguments.seed);
    if (name == "--rounds") {
      good = absl::SimpleAtoi(value, &arguments.rounds) && arguments.rounds > 0;
    }
    if (name == "--only") {
      arguments.only = std::string(value);
      good = true;
    }
    if (!good) return false;
  }
  return argc % 2 == 1;
}

// Objects whose id is a number, which the ledger knows them by.
absl::StatusOr<std::vector<demo::FleetEvent>> NumberedFleet() {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<demo::FleetEvent> fleet,
                            demo::LoadFleet(MQTTPUSH_DEMO_FLEET));
  std::vector<demo::FleetEvent> numbered;
  for (const demo::FleetEvent& event : fleet) {
    if (event.payload.rfind("{\"id\":", 0) == 0 && event.payload[6] != '"') {
      numbered.push_back(event);
    }
  }
  return numbered;
}

std::vector<std::string> LinkNames(Bench& bench) {
  std::vector<std::string> names;
  for (const Link& link : bench.links()) {
    names.push_back(absl::StrCat(link.tenant, "/", link.broker));
  }
  return names;
}

class Suite {
 public:
  explicit Suite(const Arguments& arguments) : arguments_(arguments) {}

  absl::Status Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(fleet_, NumberedFleet());
    const absl::Time start = absl::Now();
    for (int i = 0; i < arguments_.rounds && !interrupted; ++i) {
      MQTTPUSH_RETURN_IF_ERROR(RunOne(i));
    }
    if (report_ != nullptr) {
      report_->Summary(arguments_.rounds, absl::Now() - start);
    }
    return absl::OkStatus();
  }
  bool passed() const { return report_ != nullptr && report_->good(); }

 private:
  absl::Status RunOne(int index) {
    if (bench_ == nullptr || rounds_of_bench_ == kRoundsOfABench) {
      bench_.reset();
      rounds_of_bench_ = 0;
      MQTTPUSH_ASSIGN_OR_RETURN(bench_, Bench::Start());
    }
    if (report_ == nullptr) {
      report_ = std::make_unique<Report>(LinkNames(*bench_));
    }
    const RoundPlan plan =
        DrawPlan(arguments_.seed + static_cast<uint64_t>(index),
                 arguments_.kinds, bench_->links().size());
    const absl::Time start = absl::Now();
    const auto result =
        RunRound(*bench_, plan, ++rounds_of_bench_ * kNumbersOfARound,
                 {.fleet = &fleet_, .interrupted = &interrupted});
    if (interrupted) return absl::OkStatus();
    if (const std::string crash = bench_->CrashOfMosquitto(); !crash.empty()) {
      report_->Void(plan, crash);
      bench_.reset();
      return absl::OkStatus();
    }
    RoundVerdict verdict;
    if (result.ok()) {
      verdict = *result;
    } else {
      verdict.complaints = {result.status().ToString()};
    }
    report_->Round(plan, verdict, absl::Now() - start);
    if (!verdict.complaints.empty()) {
      report_->Reproduce(plan, arguments_.only, bench_->KeepFiles());
      bench_.reset();  // the next round must not suffer from this one
    }
    return absl::OkStatus();
  }

  const Arguments& arguments_;
  std::vector<demo::FleetEvent> fleet_;
  std::unique_ptr<Bench> bench_;
  std::unique_ptr<Report> report_;
  int rounds_of_bench_ = 0;
};

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    PrintFaults();
    return EXIT_SUCCESS;
  }
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    PrintUsage();
    return EXIT_FAILURE;
  }
  if (!ChooseKinds(arguments)) return EXIT_FAILURE;
  signal(SIGINT, [](int) { interrupted = true; });
  signal(SIGTERM, [](int) { interrupted = true; });
  Suite suite(arguments);
  const absl::Status status = suite.Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() && suite.passed() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace mqttpush::fault

int main(int argc, char** argv) { return mqttpush::fault::Main(argc, argv); }
