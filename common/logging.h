// Structured logging: one line per thing that happened, as logfmt, to stderr.
//
//   Log::Info("worker_started", {{"broker", name}, {"pid", pid}});
//
// Keys are the words of the glossary (ARCHITECTURE.md). Never log a secret or a
// payload. Thread-safe.
#ifndef MQTTPUSH_COMMON_LOGGING_H_
#define MQTTPUSH_COMMON_LOGGING_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

struct LogField {
  LogField(absl::string_view key, const absl::AlphaNum& value)
      : key(key), value(value.Piece()) {}
  absl::string_view key;
  std::string value;
};

class Log {
 public:
  using Fields = std::initializer_list<LogField>;
  static void Debug(absl::string_view event, Fields fields = {});
  static void Info(absl::string_view event, Fields fields = {});
  static void Warning(absl::string_view event, Fields fields = {});
  static void Error(absl::string_view event, Fields fields = {});
  // "debug", "info", "warning" or "error"; INVALID_ARGUMENT otherwise.
  static absl::Status SetLevel(absl::string_view level);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_LOGGING_H_
