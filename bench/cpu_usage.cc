#include "bench/cpu_usage.h"

#include <time.h>

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::bench {
namespace {

// The number after `key` and a colon in a file of /proc.
std::optional<int64_t> NumberOf(pid_t process, const std::string& file,
                                const std::string& key) {
  const std::string text = ReadFile(absl::StrCat("/proc/", process, "/", file));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    long number = 0;
    if (std::sscanf(std::string(line).c_str(), (key + ": %ld").c_str(),
                    &number) == 1) {
      return number;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::Duration CpuTimeOf(const std::vector<pid_t>& processes) {
  absl::Duration sum;
  for (const pid_t process : processes) {
    clockid_t clock;
    timespec time;
    if (clock_getcpuclockid(process, &clock) != 0 ||
        clock_gettime(clock, &time) != 0) {
      continue;
    }
    sum += absl::DurationFromTimespec(time);
  }
  return sum;
}

Memory MemoryOf(const std::vector<pid_t>& processes) {
  Memory memory;
  for (const pid_t process : processes) {
    std::optional<int64_t> kib = NumberOf(process, "smaps_rollup", "Pss");
    if (!kib) {
      memory.exact = false;
      kib = NumberOf(process, "status", "VmRSS");
    }
    memory.mib += static_cast<double>(kib.value_or(0)) / 1024;
  }
  return memory;
}

int ThreadsOf(const std::vector<pid_t>& processes) {
  int64_t sum = 0;
  for (const pid_t process : processes) {
    sum += NumberOf(process, "status", "Threads").value_or(0);
  }
  return static_cast<int>(sum);
}

CpuMeter::CpuMeter(Groups groups) : groups_(std::move(groups)) {
  for (const auto& [name, processes] : groups_) {
    start_[name] = CpuTimeOf(processes);
  }
}

std::map<std::string, absl::Duration> CpuMeter::Spent() const {
  std::map<std::string, absl::Duration> spent;
  for (const auto& [name, processes] : groups_) {
    spent[name] = CpuTimeOf(processes) - start_.at(name);
  }
  return spent;
}

}  // namespace mqttpush::bench
