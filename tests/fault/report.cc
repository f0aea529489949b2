#include "tests/fault/report.h"

#include <cstdio>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mqttpush::fault {
namespace {

constexpr size_t kMaxComplaints = 20;

void Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

void Report::Round(const RoundPlan& plan, const RoundVerdict& verdict,
                   absl::Duration duration) {
  const RoundCounts& c = verdict.counts;
  const bool passed = verdict.complaints.empty();
  ++(passed ? passed_ : failed_);
  totals_.Add(c);
  std::set<std::string> names;
  for (const Strike& strike : plan.strikes) {
    ++faults_[strike.kind->name].strikes;
    if (!names.insert(strike.kind->name).second) continue;
    ++faults_[strike.kind->name].rounds;
    faults_[strike.kind->name].failed += !passed;
  }
  Print(absl::StrFormat(
      "%s seed %d: %.1f s, %d events, %d arrivals, %d attempts (%d failed), "
      "twice %d/%d/%d+%d: %s\n",
      passed ? "ok    " : "FAILED", plan.seed, absl::ToDoubleSeconds(duration),
      c.accepted, c.arrivals, c.attempts, c.failed_attempts, c.duplicates[0],
      c.duplicates[1], c.duplicates[2],
      c.excused_duplicates + c.unanswered_duplicates, plan.Describe(links_)));
  for (size_t i = 0; i < verdict.complaints.size(); ++i) {
    if (i == kMaxComplaints) {
      Print(absl::StrCat("    and ", verdict.complaints.size() - i, " more\n"));
      break;
    }
    Print(absl::StrCat(
        "    ", absl::StripAsciiWhitespace(verdict.complaints[i]), "\n"));
  }
}

void Report::Void(const RoundPlan& plan, const std::string& why) {
  ++void_;
  Print(absl::StrCat("void   seed ", plan.seed, ": ", why, ": ",
                     plan.Describe(links_), "\n"));
}

void Report::Reproduce(const RoundPlan& plan, const std::string& only,
                       const std::string& kept) {
  Print(absl::StrCat("    again: ./dev fault --seed ", plan.seed, " --rounds 1",
                     only.empty() ? "" : absl::StrCat(" --only ", only),
                     "\n    kept: ", kept,
                     " (data/, ledger, service.log, mosquitto-*.log)\n"));
}

void Report::FaultTable() {
  Print(absl::StrFormat("\n%-22s %8s %8s %8s\n", "fault", "rounds", "strikes",
                        "failed"));
  for (const auto& [name, row] : faults_) {
    Print(absl::StrFormat("%-22s %8d %8d %8d\n", name, row.rounds, row.strikes,
                          row.failed));
  }
}

void Report::CountTable() {
  const RoundCounts& t = totals_;
  const std::pair<const char*, int64_t> rows[] = {
      {"events accepted", t.accepted},
      {"deliveries", t.deliveries},
      {"messages that arrived", t.arrivals},
      {"attempts in the history", t.attempts},
      {"  of them failed", t.failed_attempts},
      {"lost (QoS 1 and 2)", t.lost},
      {"unexplained", t.unexplained},
      {"first deliveries reordered", t.reordered},
      {"attempts missing", t.missing_attempts},
      {"subscriptions not conserved", t.not_conserved},
      {"duplicates at QoS 0", t.duplicates[0]},
      {"duplicates at QoS 1", t.duplicates[1]},
      {"duplicates at QoS 2", t.duplicates[2]},
      {"  where the broker lost its session", t.excused_duplicates},
      {"  after a CONNECT without an answer", t.unanswered_duplicates},
      {"at the topic of before a lost service", t.earlier_topics},
      {"QoS 0 written and not arrived", t.unseen},
      {"QoS 0 parked", t.parked},
      {"QoS 0 expired", t.expired},
  };
  Print("\n");
  for (const auto& [name, count] : rows) {
    Print(absl::StrFormat("%-36s %10d\n", name, count));
  }
  for (const auto& [name, count] : t.failures) {
    Print(
        absl::StrFormat("%-36s %10d\n", absl::StrCat("failed: ", name), count));
  }
}

void Report::Summary(int wanted, absl::Duration duration) {
  FaultTable();
  CountTable();
  const int run = passed_ + failed_ + void_;
  if (void_ > 0) {
    Print(absl::StrCat("\n", void_, " rounds void: a mosquitto crashed\n"));
  }
  Print(absl::StrFormat("\n%d of %d rounds in %.0f s\n%d passed, %d failed\n",
                        run, wanted, absl::ToDoubleSeconds(duration), passed_,
                        failed_));
}

}  // namespace mqttpush::fault
