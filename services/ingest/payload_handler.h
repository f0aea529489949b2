// PayloadHandler: checks one payload against its schema while it is parsed.
#ifndef MQTTPUSH_SERVICES_INGEST_PAYLOAD_HANDLER_H_
#define MQTTPUSH_SERVICES_INGEST_PAYLOAD_HANDLER_H_

#include <rapidjson/reader.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "services/ingest/key_set.h"
#include "services/ingest/object_schema.h"
#include "services/ingest/payload_stream.h"

namespace mqttpush {

// One broken rule: `field` as "payload.tags[2]", `description` as "must be a
// string".
struct FieldViolation {
  std::string field;
  std::string description;
};

// A handler of RapidJSON's reader; the methods of its concept return false to
// end the parse. For one parse of one payload. Thread-compatible.
class PayloadHandler
    : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, PayloadHandler> {
 public:
  // More would help nobody.
  static constexpr size_t kMaxViolations = 50;

  // `stream` reads `payload`. `keys` is working memory. All must outlive it.
  PayloadHandler(const ObjectSchema& schema, absl::string_view payload,
                 const PayloadStream& stream, KeySet& keys);

  // What the parse calls.
  bool Null() { return Value(JsonKind::kNull, ""); }
  bool Bool(bool) { return Value(JsonKind::kBoolean, ""); }
  bool RawNumber(const char*, unsigned length, bool copy);
  bool String(const char* text, unsigned length, bool copy);
  bool Key(const char* text, unsigned length, bool copy);
  bool StartObject();
  bool EndObject(unsigned member_count);
  bool StartArray();
  bool EndArray(unsigned element_count);

  // What its caller finds: about the payload as a whole, or about the value
  // that comes next.
  void AddViolation(std::string description);
  void AddViolationOfNextValue(std::string description);
  // To call after a complete parse.
  void CheckRequired();

  std::vector<FieldViolation>& violations() { return violations_; }
  // The text of the field of that role; empty without a valid one.
  absl::string_view IdOf(FieldRole role) const {
    return ids_[static_cast<size_t>(role)];
  }
  bool HasIdOf(FieldRole role) const {
    return ids_[static_cast<size_t>(role)].data() != nullptr;
  }

 private:
  // An object or array that is open.
  struct Level {
    bool is_array = false;
    bool of_strings = false;  // an array whose elements must be strings
    int index = -1;           // of the current element
    absl::string_view key;    // of the current member
  };

  bool Value(JsonKind kind, absl::string_view text);
  void CheckField(JsonKind kind, absl::string_view text);
  bool Open(JsonKind kind);
  void Add(std::string field, std::string description);
  // The path of the current value.
  std::string Path() const;
  bool IsStringArray() const;
  void CheckSurrogates(absl::string_view text);

  const ObjectSchema& schema_;
  const absl::string_view payload_;
  const PayloadStream& stream_;
  KeySet& keys_;
  const bool has_escapes_;

  std::array<Level, limits::kMaxJsonDepth> levels_;
  int depth_ = 0;
  int rule_ = -1;      // of the current top-level member; -1: none
  int next_rule_ = 0;  // where to look first
  uint64_t seen_ = 0;  // bit i: rule i
  std::array<absl::string_view, 4> ids_;  // by FieldRole
  std::vector<FieldViolation> violations_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_PAYLOAD_HANDLER_H_
