// mqttpush-bench: measures the real thing. See docs/performance.md.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bench/sections.h"
#include "common/steady_time.h"

namespace mqttpush::bench {
namespace {

struct Section {
  const char* name;
  absl::Status (*run)(Bench& bench);
};

constexpr Section kSections[] = {{"relay", &RunRelay},
                                 {"log", &RunLog},
                                 {"catch-up", &RunCatchUp},
                                 {"tenants", &RunTenants},
                                 {"ingest", &RunIngest}};

constexpr char kHelp[] =
    "mqttpush-bench [--quick|--full|--tiny] [--only SECTION,...] [--json FILE]"
    "\n\n"
    "  --quick  smaller sizes, within 10 minutes on two cores\n"
    "  --full   100 million attempts, 1000 tenants\n"
    "  --tiny   only to see that it works; the figures mean nothing\n"
    "  --only   of relay, log, catch-up, tenants, ingest\n"
    "  --relay  only this case of relay, as qos1_100_tenants (for profiling)\n"
    "  --json   writes every figure\n";

struct Arguments {
  Scale scale = NormalScale();
  std::set<std::string> only;
  std::string relay_case;
  std::string json;
};

[[noreturn]] void Refuse() {
  std::cerr << kHelp;
  std::exit(2);
}

std::set<std::string> SectionsOf(const std::string& list) {
  std::set<std::string> names;
  for (absl::string_view name : absl::StrSplit(list, ',')) {
    if (std::none_of(std::begin(kSections), std::end(kSections),
                     [&](const Section& s) { return name == s.name; })) {
      Refuse();
    }
    names.emplace(name);
  }
  return names;
}

// Ends the program when it cannot be understood.
Arguments Parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--quick") {
      arguments.scale = QuickScale();
    } else if (words[i] == "--full") {
      arguments.scale = FullScale();
    } else if (words[i] == "--tiny") {
      arguments.scale = TinyScale();
    } else if (words[i] == "--only" && has_value) {
      arguments.only = SectionsOf(words[++i]);
    } else if (words[i] == "--relay" && has_value) {
      arguments.only = {"relay"};
      arguments.relay_case = words[++i];
    } else if (words[i] == "--json" && has_value) {
      arguments.json = words[++i];
    } else if (words[i] == "--help") {
      std::cout << kHelp;
      std::exit(0);
    } else {
      Refuse();
    }
  }
  return arguments;
}

std::string LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? Readable(load) : "unknown";
}

std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (line.rfind("model name", 0) == 0) return parts.second;
  }
  return "unknown";
}

// The machine, and what of the full sizes was not done.
void Describe(Bench& bench) {
  utsname system = {};
  uname(&system);
  const Scale& scale = bench.scale;
  const std::string machine =
      absl::StrCat(sysconf(_SC_NPROCESSORS_ONLN), " x ", Processor(),
                   ", Linux ", system.release);
  const std::string sizes = absl::StrCat(
      scale.rounds, " rounds of ", absl::FormatDuration(scale.run),
      "; \"100 tenants\" are ", scale.many_tenants, "; log of ",
      Readable(static_cast<double>(scale.log_attempts)),
      " attempts (the goals: 20,000,000); backlog of ",
      Readable(static_cast<double>(scale.backlog)),
      " events (the goal: 1,000,000); tenants up to ", scale.tenants.back());
  bench.figures.SetText("scale", scale.name);
  bench.figures.SetText("sizes", sizes);
  bench.figures.SetText("machine", machine);
  bench.figures.SetText("load_average_before", LoadAverage());
  std::cout << "machine: " << machine
            << "\nload average before: " << LoadAverage()
            << " (others' work on this machine)\nscale " << scale.name << ": "
            << sizes << std::endl;
}

// False when it could not measure.
bool RunSection(const Section& section, Bench& bench) {
  const absl::Duration start = SteadyNow();
  const absl::Status status = section.run(bench);
  const double seconds = absl::ToDoubleSeconds(SteadyNow() - start);
  if (!status.ok()) std::cerr << section.name << ": " << status << "\n";
  std::cout << "(" << section.name << " took " << Readable(seconds) << " s)"
            << std::endl;
  bench.figures.Set(
      absl::StrCat(absl::StrReplaceAll(section.name, {{"-", "_"}}), "_seconds"),
      seconds);
  return status.ok();
}

int Main(const std::vector<std::string>& words) {
  const Arguments arguments = Parse(words);
  absl::StatusOr<SampleEvents> samples =
      SampleEvents::Load(MQTTPUSH_DEMO_FLEET);
  if (!samples.ok()) {
    std::cerr << samples.status().message() << "\n";
    return 1;
  }
  Bench bench{arguments.scale, *std::move(samples), arguments.relay_case, {}};
  Describe(bench);
  int failures = 0;
  for (const Section& section : kSections) {
    if (arguments.only.empty() || arguments.only.contains(section.name)) {
      failures += !RunSection(section, bench);
    }
  }
  if (!arguments.json.empty()) {
    const absl::Status written = bench.figures.WriteJson(arguments.json);
    if (!written.ok()) std::cerr << written.message() << "\n";
    failures += !written.ok();
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mqttpush::bench

int main(int argc, char** argv) {
  return mqttpush::bench::Main({argv + 1, argv + argc});
}
