// Small conversions and rules that the resources share.
#ifndef MQTTPUSH_SERVICES_ADMIN_VALUES_H_
#define MQTTPUSH_SERVICES_ADMIN_VALUES_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/records.h"

namespace mqttpush {

// Microseconds and finer.
void SetTimestamp(absl::Time time, google::protobuf::Timestamp* proto);
void SetDuration(absl::Duration duration, google::protobuf::Duration* proto);

v1::ObjectType ToProto(ObjectType type);
v1::Qos ToProto(Qos qos);
// nullopt for UNSPECIFIED and for numbers that are not of the enum.
std::optional<ObjectType> FromProto(v1::ObjectType type);
std::optional<Qos> FromProto(v1::Qos qos);

// The number of characters (code points) of UTF-8.
size_t CharacterCount(absl::string_view text);
// Whether `text` holds NUL, which MQTT's strings must not.
bool HasNul(absl::string_view text);

// Adds the message of an error as the description of a violation.
void AddIfError(const absl::Status& status, absl::string_view field,
                Violations* violations);

// Whole seconds from `min` to `max`; adds a violation otherwise and returns
// `min`.
absl::Duration WholeSeconds(const google::protobuf::Duration& proto,
                            absl::Duration min, absl::Duration max,
                            absl::string_view field, Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_VALUES_H_
