#include "cli/settings.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/config_file.h"
#include "cli/errors.h"
#include "cli/times.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

// A value, and who said it, for the error.
struct Said {
  std::string value;
  std::string by;
};

// Empty values count as not given.
Said FirstOf(const std::string& flag, const std::string& value,
             const std::string& variable, const Environment& environment) {
  if (!value.empty()) return {value, flag};
  return {environment(variable).value_or(""), variable};
}

std::string DefaultConfigPath(const Environment& environment) {
  const std::string xdg = environment("XDG_CONFIG_HOME").value_or("");
  if (!xdg.empty()) return absl::StrCat(xdg, "/mqttpush/config.yaml");
  const std::string home = environment("HOME").value_or("");
  return home.empty() ? ""
                      : absl::StrCat(home, "/.config/mqttpush/config.yaml");
}

// The settings of the profile in force; none without a file.
absl::StatusOr<std::map<std::string, std::string>> ReadProfile(
    const GivenSettings& given, const Environment& environment) {
  const Said path =
      FirstOf("--config", given.config, "MQTTPUSH_CLI_CONFIG", environment);
  Said profile =
      FirstOf("--profile", given.profile, "MQTTPUSH_CLI_PROFILE", environment);
  const std::string file_path =
      path.value.empty() ? DefaultConfigPath(environment) : path.value;
  const bool wanted = !path.value.empty() || !profile.value.empty();
  if (!wanted && access(file_path.c_str(), F_OK) != 0) {
    return std::map<std::string, std::string>();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(ConfigFile file, ReadConfigFile(file_path));
  if (profile.value.empty()) profile = {file.profile, file_path};
  if (profile.value.empty()) return std::map<std::string, std::string>();
  const auto found = file.profiles.find(profile.value);
  if (found != file.profiles.end()) return found->second;
  return UsageError(
      profile.by,
      absl::StrCat("there is no profile \"", profile.value, "\" in ", file_path,
                   ", only: ",
                   absl::StrJoin(file.profiles, ", ",
                                 [](std::string* out, const auto& entry) {
                                   absl::StrAppend(out, entry.first);
                                 })));
}

}  // namespace

absl::StatusOr<Settings> ResolveSettings(const GivenSettings& given,
                                         const Environment& environment) {
  MQTTPUSH_ASSIGN_OR_RETURN(auto profile, ReadProfile(given, environment));
  Settings settings;
  Said server =
      FirstOf("--server", given.server, "MQTTPUSH_CLI_SERVER", environment);
  if (server.value.empty()) server.value = profile["server"];
  if (!server.value.empty()) settings.server = server.value;
  Said timeout =
      FirstOf("--timeout", given.timeout, "MQTTPUSH_CLI_TIMEOUT", environment);
  if (timeout.value.empty())
    timeout = {profile["timeout"], "timeout of the profile"};
  if (!timeout.value.empty()) {
    const auto length = ParseLength(timeout.value);
    if (!length.ok()) return At(timeout.by, length.status());
    settings.timeout = *length;
  }
  return settings;
}

}  // namespace mqttpush::cli
