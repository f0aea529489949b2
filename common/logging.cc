#include "common/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace mqttpush {
namespace {

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>(
        "mqttpush", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "time=%Y-%m-%dT%H:%M:%S.%fZ level=%l %v",
        spdlog::pattern_time_type::utc));
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

// Quoted when it holds what logfmt cannot show bare; control characters become
// spaces, so that one record stays one line.
std::string LogfmtValue(absl::string_view value) {
  const bool bare =
      !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
        return c == ' ' || c == '"' || c == '=' || c == '\\' ||
               static_cast<unsigned char>(c) < 0x20;
      });
  if (bare) return std::string(value);
  std::string quoted = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  quoted.push_back('"');
  return quoted;
}

void Write(spdlog::level::level_enum level, absl::string_view event,
           Log::Fields fields) {
  if (!Logger().should_log(level)) return;
  std::string line = absl::StrCat("event=", event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=", LogfmtValue(field.value));
  }
  Logger().log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void Log::Debug(absl::string_view event, Fields fields) {
  Write(spdlog::level::debug, event, fields);
}
void Log::Info(absl::string_view event, Fields fields) {
  Write(spdlog::level::info, event, fields);
}
void Log::Warning(absl::string_view event, Fields fields) {
  Write(spdlog::level::warn, event, fields);
}
void Log::Error(absl::string_view event, Fields fields) {
  Write(spdlog::level::err, event, fields);
}

absl::Status Log::SetLevel(absl::string_view level) {
  static constexpr std::pair<absl::string_view, spdlog::level::level_enum>
      kLevels[] = {{"debug", spdlog::level::debug},
                   {"info", spdlog::level::info},
                   {"warning", spdlog::level::warn},
                   {"error", spdlog::level::err}};
  for (const auto& [name, value] : kLevels) {
    if (name != level) continue;
    Logger().set_level(value);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "log level: must be debug, info, warning or error");
}

}  // namespace mqttpush
