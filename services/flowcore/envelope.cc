#include "services/flowcore/envelope.h"

#include <rapidjson/document.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "services/api/text.h"
#include "services/api/violations.h"
#include "services/flowcore/json_scanner.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxShownKeyBytes = 64;
// More would help nobody.
constexpr size_t kMaxViolations = 10;

// As ObjectValidator's, but without recursion: here nothing bounds the depth.
constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseValidateEncodingFlag;

bool IsWellFormed(absl::string_view value) {
  rapidjson::MemoryStream stream(value.data(), value.size());
  rapidjson::BaseReaderHandler<> nobody;
  rapidjson::Reader reader;
  return !reader.Parse<kParseFlags>(stream, nobody).IsError();
}

bool IsPlain(absl::string_view text) {
  return absl::c_all_of(text, [](char c) {
    return c >= ' ' && c < '\x7f' && c != '\\' && c != '"';
  });
}

// The text of a JSON string; false when `value` is none.
bool ReadString(absl::string_view value, std::string* text) {
  if (!absl::StartsWith(value, "\"")) return false;
  if (value.size() >= 2 && IsPlain(value.substr(1, value.size() - 2))) {
    *text = std::string(value.substr(1, value.size() - 2));
    return true;
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(value.data(),
                                                        value.size());
  if (document.HasParseError() || !document.IsString()) return false;
  text->assign(document.GetString(), document.GetStringLength());
  return true;
}

// Of one envelope.
class EnvelopeReader {
 public:
  Envelope Read(absl::string_view text) {
    JsonScanner scanner(text);
    if (!scanner.Take('{')) {
      Add("", "must be a JSON object");
    } else if (ReadMembers(scanner)) {
      Finish();
    } else {
      Add("", "must be well-formed JSON");
    }
    return std::move(envelope_);
  }

 private:
  bool ReadMembers(JsonScanner& scanner) {
    if (scanner.Take('}')) return scanner.AtEnd();
    do {
      std::string key;
      if (!ReadString(scanner.TakeValue(), &key)) return false;
      if (!scanner.Take(':')) return false;
      const absl::string_view value = scanner.TakeValue();
      if (value.empty()) return false;
      ReadMember(key, value);
    } while (scanner.Take(','));
    return scanner.Take('}') && scanner.AtEnd();
  }

  void ReadMember(const std::string& key, absl::string_view value) {
    if (key == "eventId") return ReadText(key, value, &envelope_.event_id);
    if (key == "flowType") return ReadText(key, value, &flow_type_);
    if (key == "aggregator") return ReadText(key, value, &aggregator_);
    if (key == "payload") {
      if (!envelope_.payload.empty()) return Add(key, "duplicate key");
      envelope_.payload = value;
    } else if (!IsWellFormed(value)) {
      Add(Truncate(key, kMaxShownKeyBytes), "must be well-formed JSON");
    }
  }

  void ReadText(const std::string& key, absl::string_view value,
                std::string* text) {
    if (!text->empty()) return Add(key, "duplicate key");
    if (!ReadString(value, text)) return Add(key, "must be a string");
    if (text->empty()) Add(key, "must not be empty");
  }

  void Finish() {
    if (!aggregator_.empty()) envelope_.flow_type_field = "aggregator";
    envelope_.flow_type = aggregator_.empty() ? flow_type_ : aggregator_;
    Require("eventId", !envelope_.event_id.empty());
    Require("flowType", !envelope_.flow_type.empty());
    Require("payload", !envelope_.payload.empty());
  }

  // Unless more has been said about the field.
  void Require(absl::string_view field, bool is_there) {
    if (is_there || absl::c_any_of(envelope_.violations, [&](const auto& v) {
          return v.field == field;
        })) {
      return;
    }
    Add(std::string(field), "required");
  }

  void Add(std::string field, std::string description) {
    if (envelope_.violations.size() >= kMaxViolations) return;
    envelope_.violations.push_back({std::move(field), std::move(description)});
  }

  Envelope envelope_;
  std::string flow_type_;
  std::string aggregator_;
};

absl::Status NotThatMany() {
  return InvalidField(
      "body",
      absl::StrCat("must have 1 to ", limits::kMaxEventsPerBatch, " events"));
}

absl::Status Malformed(const JsonScanner& scanner) {
  return InvalidField(
      "body", absl::StrCat("must be a JSON object or an array of them: it is "
                           "not from byte ",
                           scanner.position(), " on"));
}

// The elements of an array, or the one value.
absl::StatusOr<std::vector<absl::string_view>> SplitEvents(
    absl::string_view body) {
  JsonScanner scanner(body);
  std::vector<absl::string_view> events;
  const bool is_array = scanner.Take('[');
  if (!is_array || !scanner.Take(']')) {
    do {
      if (events.size() == limits::kMaxEventsPerBatch) return NotThatMany();
      events.push_back(scanner.TakeValue());
      if (events.back().empty()) return Malformed(scanner);
    } while (is_array && scanner.Take(','));
    if (is_array && !scanner.Take(']')) return Malformed(scanner);
  }
  if (!scanner.AtEnd()) return Malformed(scanner);
  return events;
}

}  // namespace

absl::StatusOr<std::vector<Envelope>> ParseEnvelopes(absl::string_view body) {
  const auto events = SplitEvents(body);
  if (!events.ok()) return events.status();
  if (events->empty()) return NotThatMany();
  std::vector<Envelope> envelopes;
  envelopes.reserve(events->size());
  for (absl::string_view event : *events) {
    envelopes.push_back(EnvelopeReader().Read(event));
  }
  return envelopes;
}

}  // namespace mqttpush
