// mqttpush-crash: kills writers of a log and compares what is left with what
// was acknowledged.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "common/logging.h"
#include "tests/crash/crash_run.h"

int main(int argc, char** argv) {
  uint32_t seed = 1;
  int kills = 40;
  for (int i = 1; i < argc; i += 2) {
    const bool known =
        i + 1 < argc && ((std::strcmp(argv[i], "--seed") == 0 &&
                          absl::SimpleAtoi(argv[i + 1], &seed)) ||
                         (std::strcmp(argv[i], "--kills") == 0 &&
                          absl::SimpleAtoi(argv[i + 1], &kills)));
    if (known) continue;
    std::puts("usage: mqttpush-crash [--seed N] [--kills N]");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  mqttpush::Log::SetLevel("warning").IgnoreError();
  const auto result = mqttpush::crash::KillWriters(seed, kills, true);
  for (const auto& [place, count] : result.places) {
    std::printf("%6d  %s\n", count, place.c_str());
  }
  for (const std::string& finding : result.findings) {
    std::printf("FOUND: %s\n", finding.c_str());
  }
  std::printf("%d kills in %d rounds, %zu findings\n", result.kills,
              result.rounds, result.findings.size());
  return result.findings.empty() ? 0 : 1;
}
