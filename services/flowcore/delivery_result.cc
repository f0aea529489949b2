#include "services/flowcore/delivery_result.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/ticks.h"
#include "common/utf8.h"
#include "services/flowcore/time_uuid.h"

namespace mqttpush {
namespace {

// "2026-11-22T09:18:02.431Z": three digits are all that Flowcore takes.
std::string Milliseconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// Writes the members of an object.
class Members {
 public:
  explicit Members(JsonWriter& writer) : writer_(writer) {}

  void Text(const char* key, absl::string_view text) {
    writer_.Key(key);
    const std::string valid = ReplaceInvalidUtf8(text);
    writer_.String(valid.data(), static_cast<unsigned>(valid.size()));
  }
  // null for "".
  void TextOrNull(const char* key, absl::string_view text) {
    if (text.empty()) return Null(key);
    Text(key, text);
  }
  void Number(const char* key, int64_t number) {
    writer_.Key(key);
    writer_.Int64(number);
  }
  // null for 0.
  void NumberOrNull(const char* key, int64_t number) {
    if (number == 0) return Null(key);
    Number(key, number);
  }
  void Flag(const char* key, bool value) {
    writer_.Key(key);
    writer_.Bool(value);
  }
  void FlagOrNull(const char* key, std::optional<bool> value) {
    if (!value.has_value()) return Null(key);
    Flag(key, *value);
  }
  void Null(const char* key) {
    writer_.Key(key);
    writer_.Null();
  }
  // As the object has it: ids are integers, of any size, but for those of
  // assets.
  void ObjectId(const DeliveryResult& result) {
    const std::string& id = result.object_id;
    if (result.object_type == "Asset" || id.empty() ||
        !absl::c_all_of(id, absl::ascii_isdigit)) {
      return TextOrNull("objectId", id);
    }
    writer_.Key("objectId");
    writer_.RawValue(id.data(), id.size(), rapidjson::kNumberType);
  }

 private:
  JsonWriter& writer_;
};

void WriteObject(const DeliveryResult& result, Members& payload) {
  payload.TextOrNull("eventId", result.event_id);
  payload.TextOrNull("flowType", result.flow_type);
  payload.TextOrNull("eventType",
                     result.event_id.empty() ? "" : kResultEventType);
  payload.TextOrNull("objectType", result.object_type);
  payload.ObjectId(result);
  payload.TextOrNull("assetId", result.asset_id);
  payload.TextOrNull("ownerId", result.owner_id);
}

void WriteWire(const DeliveryResult& result, Members& payload) {
  payload.TextOrNull("destination", result.broker_id);
  payload.TextOrNull("endpointUrl", result.broker_url);
  payload.Text("topic", result.topic);
  payload.Number("qos", result.qos);
  payload.FlagOrNull("retain", result.retain);
  payload.NumberOrNull("packetId", result.packet_id);
}

void WriteOutcome(const DeliveryResult& result, Members& payload) {
  payload.Number("attempt", result.number);
  payload.Null("maxAttempts");  // lost links do not count towards it
  payload.Text("status", result.succeeded ? "success" : "failure");
  payload.Flag("success", result.succeeded);
  payload.Flag("final", result.ended_delivery);
  if (result.succeeded) {
    payload.Number("reasonCode", result.reason_code);
    payload.Null("errorMessage");
  } else {
    payload.NumberOrNull("reasonCode", result.reason_code);
    payload.TextOrNull("errorMessage", result.error_message);
  }
  payload.Number("durationMs", absl::ToInt64Milliseconds(result.duration));
  payload.NumberOrNull("payloadBytes", result.payload_bytes);
  const absl::Time next = result.next_attempt_time;
  payload.TextOrNull("nextRetryAt",
                     next == absl::InfinitePast() ? "" : Milliseconds(next));
}

}  // namespace

std::string BrokerUrl(bool tls, const std::string& host, int port) {
  const bool ipv6 = absl::StrContains(host, ':');
  return absl::StrCat(tls ? "mqtts://" : "mqtt://", ipv6 ? "[" : "", host,
                      ipv6 ? "]" : "", ":", port);
}

std::string TimeBucket(int64_t hour) {
  return absl::FormatTime("%Y%m%d%H0000", absl::UnixEpoch() + absl::Hours(hour),
                          absl::UTCTimeZone());
}

void WriteResultPayload(const DeliveryResult& result, JsonWriter& writer) {
  writer.StartObject();
  Members payload(writer);
  payload.Text("attemptId", result.attempt_name);
  payload.Text("timestamp", Milliseconds(result.start_time));
  WriteObject(result, payload);
  WriteWire(result, payload);
  WriteOutcome(result, payload);
  writer.EndObject();
}

void WriteResultEvent(const DeliveryResult& result, const ResultStream& stream,
                      JsonWriter& writer) {
  Members envelope(writer);
  writer.StartObject();
  envelope.Text("eventId", TimeUuid(result.record_ticks));
  envelope.Text("timeBucket", TimeBucket(result.record_ticks / kTicksPerHour));
  envelope.Text("tenant", stream.tenant);
  envelope.Text("dataCoreId", stream.data_core_id);
  envelope.Text("flowType", kResultFlowType);
  envelope.Text("eventType", kResultEventType);
  writer.Key("metadata");
  writer.StartObject();
  envelope.Text("producer", kResultDataCore);
  writer.EndObject();
  writer.Key("payload");
  WriteResultPayload(result, writer);
  envelope.Text("validTime", Milliseconds(result.start_time));
  writer.EndObject();
}

}  // namespace mqttpush
