#include "workers/supervisor/worker_environment.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace mqttpush {
namespace {

constexpr absl::string_view kNames[] = {
    "LD_LIBRARY_PATH", "LD_PRELOAD",   "GLIBC_TUNABLES",
    "RES_OPTIONS",     "LOCALDOMAIN",  "SSL_CERT_DIR",
    "SSL_CERT_FILE",   "OPENSSL_CONF", "TZ",
    "TZDIR",           "ASAN_OPTIONS", "LSAN_OPTIONS",
    "TSAN_OPTIONS",    "UBSAN_OPTIONS"};
constexpr absl::string_view kPrefixes[] = {"MALLOC_", "FAKETIME"};

bool Passes(absl::string_view entry) {
  const absl::string_view name = entry.substr(0, entry.find('='));
  return std::find(std::begin(kNames), std::end(kNames), name) !=
             std::end(kNames) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [name](absl::string_view prefix) {
                       return absl::StartsWith(name, prefix);
                     });
}

}  // namespace

std::vector<std::string> WorkerEnvironment(
    const std::vector<std::string>& environment) {
  std::vector<std::string> passed;
  std::copy_if(environment.begin(), environment.end(),
               std::back_inserter(passed), Passes);
  return passed;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    environment.emplace_back(*entry);
  }
  return environment;
}

}  // namespace mqttpush
