// Settings: where the service is and how long to wait for it; by flag,
// environment, profile and default, in this order.
#ifndef MQTTPUSH_CLI_SETTINGS_H_
#define MQTTPUSH_CLI_SETTINGS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqttpush::cli {

struct Settings {
  std::string server = "127.0.0.1:50051";
  absl::Duration timeout = absl::Seconds(30);  // of one call
};

// What the command line said; empty: nothing.
struct GivenSettings {
  std::string server;
  std::string timeout;
  std::string profile;
  std::string config;  // path of the configuration file
};

// Reads environment variables; absent when the variable is not set.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;

// Reads MQTTPUSH_CLI_SERVER, _TIMEOUT, _PROFILE and _CONFIG, and the file,
// which need not exist when nobody named it or a profile. INVALID_ARGUMENT
// names the setting, or the line of the file, and the rule it breaks.
absl::StatusOr<Settings> ResolveSettings(const GivenSettings& given,
                                         const Environment& environment);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_SETTINGS_H_
