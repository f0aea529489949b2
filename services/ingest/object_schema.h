// ObjectSchemas: the rules of the six objects, compiled from the OpenAPI file.
#ifndef MQTTPUSH_SERVICES_INGEST_OBJECT_SCHEMA_H_
#define MQTTPUSH_SERVICES_INGEST_OBJECT_SCHEMA_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/ingest/field_rule.h"
#include "storage/records.h"

namespace mqttpush {

// The rules of one object type. Immutable, thread-safe.
class ObjectSchema {
 public:
  // At most kMaxFields rules of different names.
  static constexpr size_t kMaxFields = 64;
  explicit ObjectSchema(std::vector<FieldRule> rules);

  const std::vector<FieldRule>& rules() const { return rules_; }
  // The index of the rule for `name`, -1 if there is none. Fast when fields are
  // asked for in the order of the schema; `hint` is the index to try first.
  int Find(absl::string_view name, int hint) const;
  // Bit i stands for rules()[i].
  uint64_t required() const { return required_; }

 private:
  std::vector<FieldRule> rules_;
  uint64_t required_ = 0;
};

// Immutable, thread-safe.
class ObjectSchemas {
 public:
  // Compiles the schemas Asset, Location, SensorData, ReeferData, GensetData
  // and GtoemData of an OpenAPI 3.1 document. INVALID_ARGUMENT, with the place,
  // for a document that is not JSON, lacks one of them, or uses a keyword, type
  // or format that would not be enforced.
  static absl::StatusOr<ObjectSchemas> Compile(absl::string_view openapi);

  const ObjectSchema& Get(ObjectType type) const {
    return schemas_[static_cast<size_t>(type) - 1];
  }

 private:
  explicit ObjectSchemas(std::vector<ObjectSchema> schemas)
      : schemas_(std::move(schemas)) {}

  std::vector<ObjectSchema> schemas_;  // in the order of ObjectType
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_OBJECT_SCHEMA_H_
