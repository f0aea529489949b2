#include "services/flowcore/result_event.h"

#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/api/resource_names.h"
#include "services/api/text.h"
#include "services/flowcore/time_uuid.h"
#include "storage/attempt_journal.h"

namespace mqttpush {
namespace {

// "2026-11-22T09:18:02.431Z": three digits are all that Flowcore takes.
std::string Milliseconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// As in openapi.json.
absl::string_view SchemaName(ObjectType type) {
  switch (type) {
    case ObjectType::kAsset:
      return "Asset";
    case ObjectType::kLocation:
      return "Location";
    case ObjectType::kSensorData:
      return "SensorData";
    case ObjectType::kReeferData:
      return "ReeferData";
    case ObjectType::kGensetData:
      return "GensetData";
    case ObjectType::kGtoemData:
      return "GtoemData";
  }
  return "";
}

// Writes the members of the payload.
class PayloadWriter {
 public:
  explicit PayloadWriter(JsonWriter& writer) : writer_(writer) {}

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
  void Null(const char* key) {
    writer_.Key(key);
    writer_.Null();
  }
  // As the object has it: ids are integers, of any size, but for those of
  // assets.
  void ObjectId(const AttemptRow& row) {
    const std::string& id = row.object_id;
    if (row.object_type == ObjectType::kAsset || id.empty() ||
        !absl::c_all_of(id, absl::ascii_isdigit)) {
      return TextOrNull("objectId", id);
    }
    writer_.Key("objectId");
    writer_.RawValue(id.data(), id.size(), rapidjson::kNumberType);
  }

 private:
  JsonWriter& writer_;
};

const BrokerRecord* BrokerOf(const SubscriptionRecord* subscription,
                             const ConfigSnapshot& config) {
  return subscription == nullptr ? nullptr
                                 : config.FindBroker(subscription->broker_uid);
}

std::string UrlOf(const BrokerRecord& broker) {
  const bool ipv6 = absl::StrContains(broker.host, ':');
  return absl::StrCat(broker.tls_enabled ? "mqtts://" : "mqtt://",
                      ipv6 ? "[" : "", broker.host, ipv6 ? "]" : "", ":",
                      broker.port);
}

// Absent names stand for an event that is not in the log any more.
void WriteObject(const AttemptRow& row, const FlowTypes& flow_types,
                 PayloadWriter& payload) {
  const bool known = !row.event_id.empty();
  payload.TextOrNull("eventId", row.event_id);
  payload.TextOrNull("flowType",
                     known ? flow_types.NameOf(row.object_type) : "");
  payload.TextOrNull("eventType", known ? kResultEventType : "");
  payload.TextOrNull("objectType", known ? SchemaName(row.object_type) : "");
  payload.ObjectId(row);
  payload.TextOrNull("assetId", row.asset_id);
  payload.TextOrNull("ownerId", row.owner_id);
}

void WriteWire(const AttemptRow& row, const ConfigSnapshot& config,
               PayloadWriter& payload) {
  const AttemptRecord& attempt = row.attempt;
  const SubscriptionRecord* subscription =
      config.FindSubscription(attempt.subscription_uid);
  const BrokerRecord* broker = BrokerOf(subscription, config);
  payload.TextOrNull("destination", broker == nullptr ? "" : broker->id);
  payload.TextOrNull("endpointUrl", broker == nullptr ? "" : UrlOf(*broker));
  payload.Text("topic", attempt.topic);
  payload.Number("qos", static_cast<int>(attempt.qos));
  if (subscription == nullptr) {
    payload.Null("retain");
  } else {
    payload.Flag("retain", subscription->retain);
  }
  payload.NumberOrNull("packetId", attempt.packet_id);
}

void WriteOutcome(const AttemptRow& row, PayloadWriter& payload) {
  const AttemptRecord& attempt = row.attempt;
  payload.Number("attempt", attempt.number);
  payload.Null("maxAttempts");  // lost links do not count towards it
  payload.Text("status", attempt.succeeded ? "success" : "failure");
  payload.Flag("success", attempt.succeeded);
  payload.Flag("final", attempt.recording.ended_delivery);
  if (attempt.succeeded) {
    payload.Number("reasonCode", attempt.reason_code);
    payload.Null("errorMessage");
  } else {
    payload.NumberOrNull("reasonCode", attempt.reason_code);
    payload.TextOrNull("errorMessage", attempt.error_message);
  }
  payload.Number("durationMs", absl::ToInt64Milliseconds(attempt.duration));
  payload.NumberOrNull("payloadBytes", row.payload_bytes);
  const absl::Time next = attempt.recording.next_attempt_time;
  payload.TextOrNull("nextRetryAt",
                     next == absl::InfinitePast() ? "" : Milliseconds(next));
}

}  // namespace

std::string TimeBucket(int64_t hour) {
  return absl::FormatTime("%Y%m%d%H0000", absl::UnixEpoch() + absl::Hours(hour),
                          absl::UTCTimeZone());
}

void WriteResultPayload(const AttemptRow& row, const ResultContext& context,
                        JsonWriter& writer) {
  const AttemptRecord& attempt = row.attempt;
  writer.StartObject();
  PayloadWriter payload(writer);
  payload.Text("attemptId",
               AttemptName(context.stream.tenant, attempt.event_seq,
                           attempt.subscription_uid, attempt.number));
  payload.Text("timestamp", Milliseconds(attempt.start_time));
  WriteObject(row, context.flow_types, payload);
  WriteWire(row, context.config, payload);
  WriteOutcome(row, payload);
  writer.EndObject();
}

void WriteResultEvent(const AttemptRow& row, const ResultContext& context,
                      JsonWriter& writer) {
  const AttemptRecord& attempt = row.attempt;
  const std::string time = Milliseconds(attempt.start_time);
  PayloadWriter envelope(writer);
  writer.StartObject();
  envelope.Text("eventId", TimeUuid(attempt.recording.ticks));
  envelope.Text("timeBucket",
                TimeBucket(attempt.recording.ticks / kTicksPerHour));
  envelope.Text("tenant", context.stream.tenant);
  envelope.Text("dataCoreId", context.stream.data_core_id);
  envelope.Text("flowType", kResultFlowType);
  envelope.Text("eventType", kResultEventType);
  writer.Key("metadata");
  writer.StartObject();
  envelope.Text("producer", kResultDataCore);
  writer.EndObject();
  writer.Key("payload");
  WriteResultPayload(row, context, writer);
  envelope.Text("validTime", time);
  writer.EndObject();
}

}  // namespace mqttpush
