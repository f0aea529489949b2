#include "services/admin/values.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {

void SetTimestamp(absl::Time time, google::protobuf::Timestamp* proto) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds))));
}

// The numbers are the same (storage/records.h).
v1::ObjectType ToProto(ObjectType type) {
  return static_cast<v1::ObjectType>(type);
}

// UNSPECIFIED is 0, so MQTT's numbers are moved by one.
v1::Qos ToProto(Qos qos) {
  return static_cast<v1::Qos>(static_cast<int>(qos) + 1);
}

std::optional<ObjectType> FromProto(v1::ObjectType type) {
  if (type == v1::OBJECT_TYPE_UNSPECIFIED || !v1::ObjectType_IsValid(type)) {
    return std::nullopt;
  }
  return static_cast<ObjectType>(type);
}

std::optional<Qos> FromProto(v1::Qos qos) {
  if (qos == v1::QOS_UNSPECIFIED || !v1::Qos_IsValid(qos)) return std::nullopt;
  return static_cast<Qos>(static_cast<int>(qos) - 1);
}

size_t CharacterCount(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

bool HasNul(absl::string_view text) { return absl::StrContains(text, '\0'); }

void AddIfError(const absl::Status& status, absl::string_view field,
                Violations* violations) {
  if (status.ok()) return;
  violations->Add(std::string(field), std::string(status.message()));
}

absl::Duration WholeSeconds(const google::protobuf::Duration& proto,
                            absl::Duration min, absl::Duration max,
                            absl::string_view field, Violations* violations) {
  const absl::Duration duration = absl::Seconds(proto.seconds());
  if (proto.nanos() == 0 && duration >= min && duration <= max) return duration;
  violations->Add(
      std::string(field),
      absl::StrCat("must be whole seconds from ", absl::ToInt64Seconds(min),
                   " s to ", absl::ToInt64Seconds(max), " s"));
  return min;
}

}  // namespace mqttpush
