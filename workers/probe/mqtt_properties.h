// Properties: the properties of an MQTT 5 packet, and the reading of its parts.
#ifndef MQTTPUSH_WORKERS_PROBE_MQTT_PROPERTIES_H_
#define MQTTPUSH_WORKERS_PROBE_MQTT_PROPERTIES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush::mqtt {

// Takes the parts of a packet one by one; nullopt beyond its end. Not
// thread-safe.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : rest_(bytes) {}

  // A big-endian number of so many bytes, at most four.
  std::optional<uint32_t> Number(int bytes);
  // A number of one to four bytes; MQTT 5, section 1.5.5.
  std::optional<uint32_t> VariableNumber();
  // Text or data behind its two-byte length.
  std::optional<std::string> Text();
  std::optional<absl::string_view> Bytes(size_t count);

  bool empty() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
};

// MQTT 5, section 2.2.2.2, by their identifiers. User properties are dropped.
class Properties {
 public:
  static constexpr int kSessionExpiry = 0x11;
  static constexpr int kAssignedClientId = 0x12;
  static constexpr int kServerKeepAlive = 0x13;
  static constexpr int kReasonString = 0x1F;
  static constexpr int kReceiveMaximum = 0x21;
  static constexpr int kTopicAliasMaximum = 0x22;
  static constexpr int kMaximumQos = 0x24;
  static constexpr int kRetainAvailable = 0x25;
  static constexpr int kMaximumPacketSize = 0x27;

  // With their length before them. nullopt: they are malformed.
  static std::optional<Properties> Parse(Cursor& packet);

  int64_t NumberOr(int identifier, int64_t otherwise) const;
  std::string Text(int identifier) const;

 private:
  bool ParseOne(Cursor& list);

  std::map<int, int64_t> numbers_;
  std::map<int, std::string> texts_;
};

}  // namespace mqttpush::mqtt

#endif  // MQTTPUSH_WORKERS_PROBE_MQTT_PROPERTIES_H_
