// ObjectValidator: whether a payload is an object of its type, by the schemas.
#ifndef MQTTPUSH_SERVICES_INGEST_OBJECT_VALIDATOR_H_
#define MQTTPUSH_SERVICES_INGEST_OBJECT_VALIDATOR_H_

#include <rapidjson/reader.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/ingest/key_set.h"
#include "services/ingest/object_schema.h"
#include "services/ingest/payload_handler.h"
#include "storage/records.h"

namespace mqttpush {

// What ingest needs to know of an object. Any string is an id, an empty
// one too: it finds no tenant, or makes a topic with {assetId} invalid.
struct ObjectIds {
  std::string object_id;  // of an integer: its text
  std::string asset_id;   // of an Asset: its id
  std::string owner_id;
};

struct ValidationResult {
  bool ok() const { return violations.empty(); }
  ObjectIds ids;  // when not ok but well-formed JSON, the valid ones
  std::vector<FieldViolation> violations;  // at most 50
};

// Reads a payload once. It must be a JSON object (RFC 8259) in valid UTF-8,
// within limits::kMaxPayloadBytes and kMaxJsonDepth, without byte order mark,
// duplicate keys at any depth, numbers beyond a double, unpaired surrogates, or
// anything but white space after it; and keep the rules of its schema. All
// broken rules are reported, up to the place where the JSON is malformed.
//
// Thread-compatible; keeps its working memory, so use one for many payloads.
class ObjectValidator {
 public:
  // `schemas` must outlive it.
  explicit ObjectValidator(const ObjectSchemas* schemas) : schemas_(schemas) {}

  ValidationResult Validate(ObjectType type, absl::string_view payload);

 private:
  // False: it came to no end.
  bool Parse(absl::string_view payload, PayloadStream& stream,
             PayloadHandler& handler);

  const ObjectSchemas* const schemas_;
  rapidjson::Reader reader_;
  std::string strings_;  // unescaped
  KeySet keys_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_OBJECT_VALIDATOR_H_
