// The configuration file of mqttpush: named profiles.
//
//   profile: production      # the one that is used when none is named
//   profiles:
//     production:
//       server: push.example.com:50051
//       timeout: 30s
#ifndef MQTTPUSH_CLI_CONFIG_FILE_H_
#define MQTTPUSH_CLI_CONFIG_FILE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace mqttpush::cli {

struct ConfigFile {
  std::string profile;
  // The settings of each profile, by their names.
  std::map<std::string, std::map<std::string, std::string>> profiles;
};

// INVALID_ARGUMENT when it cannot be read, or names the line that
// is wrong, such as an unknown key.
absl::StatusOr<ConfigFile> ReadConfigFile(const std::string& path);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_CONFIG_FILE_H_
