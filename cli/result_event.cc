#include "cli/result_event.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/proto_text.h"
#include "cli/times.h"
#include "cli/words.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace mqttpush::cli {
namespace {

// Writes fields one after the other.
class Fields {
 public:
  void Text(const char* name, absl::string_view value) {
    json_.Key(name);
    json_.String(value.data(), value.size());
  }
  void TextOrNull(const char* name, absl::string_view value) {
    value.empty() ? Null(name) : Text(name, value);
  }
  void Number(const char* name, int64_t value) {
    json_.Key(name);
    json_.Int64(value);
  }
  void Bool(const char* name, bool value) {
    json_.Key(name);
    json_.Bool(value);
  }
  void Null(const char* name) {
    json_.Key(name);
    json_.Null();
  }
  // JSON as it is.
  void Raw(const char* name, const std::string& value) {
    json_.Key(name);
    json_.RawValue(value.data(), value.size(), rapidjson::kObjectType);
  }
  void Begin() { json_.StartObject(); }
  void BeginIn(const char* name) {
    json_.Key(name);
    json_.StartObject();
  }
  void End() { json_.EndObject(); }
  std::string Take() const { return buffer_.GetString(); }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> json_{buffer_};
};

int NumberOf(const v1::Attempt& attempt) {
  int number = 0;
  (void)absl::SimpleAtoi(LastPart(attempt.name()), &number);
  return number;
}

// The attempt that follows it; null for the last.
const v1::Attempt* NextOf(const v1::Attempt& attempt,
                          const v1::Delivery& delivery) {
  for (const v1::Attempt& other : delivery.attempts()) {
    if (NumberOf(other) > NumberOf(attempt)) return &other;
  }
  return nullptr;
}

std::string OwnerOf(const std::string& payload) {
  rapidjson::Document object;
  object.Parse<rapidjson::kParseNumbersAsStringsFlag |
               rapidjson::kParseIterativeFlag>(payload.data(), payload.size());
  if (object.HasParseError() || !object.IsObject()) return "";
  const auto owner = object.FindMember("ownerId");
  if (owner == object.MemberEnd() || !owner->value.IsString()) return "";
  return std::string(owner->value.GetString(), owner->value.GetStringLength());
}

void WriteObject(const v1::Attempt& attempt, const v1::Delivery& delivery,
                 Fields& fields) {
  const std::string type = ObjectTypeWord(attempt.object_type());
  fields.Text("flowType", absl::StrCat(absl::AsciiStrToLower(type), ".0"));
  fields.Text("eventType", "created.0");
  fields.Text("objectType", type);
  int64_t number = 0;
  // As in the payload: an asset's id is a text, all others are numbers.
  if (attempt.object_type() != v1::ASSET &&
      absl::SimpleAtoi(delivery.object_id(), &number)) {
    fields.Number("objectId", number);
  } else {
    fields.TextOrNull("objectId", delivery.object_id());
  }
  fields.TextOrNull("assetId", delivery.asset_id());
  fields.TextOrNull("ownerId", OwnerOf(delivery.payload()));
}

void WriteDestination(const v1::Attempt& attempt, const ResultContext& context,
                      Fields& fields) {
  const bool known = !context.broker.name().empty();
  fields.TextOrNull("destination", LastPart(context.subscription.broker()));
  fields.TextOrNull("endpointUrl", known ? BrokerUrl(context.broker) : "");
  fields.Text("topic", attempt.topic());
  fields.Number("qos", attempt.qos() - 1);
  if (context.subscription.name().empty()) {
    fields.Null("retain");
  } else {
    fields.Bool("retain", context.subscription.retain());
  }
}

void WriteOutcome(const v1::Attempt& attempt, const v1::Delivery& delivery,
                  Fields& fields) {
  const bool success = attempt.outcome() == v1::Attempt::SUCCEEDED;
  fields.Text("status", success ? "success" : "failure");
  fields.Bool("success", success);
  fields.Bool("final", IsFinal(attempt, delivery));
  if (success || attempt.reason_code() != 0) {
    fields.Number("reasonCode", attempt.reason_code());
  } else {
    fields.Null("reasonCode");
  }
  fields.TextOrNull("errorMessage", attempt.error_message());
  fields.Number("durationMs",
                absl::ToInt64Milliseconds(ToDuration(attempt.duration())));
}

// Only while it is not known better: later attempts have their own times.
std::string NextRetry(const v1::Attempt& attempt,
                      const v1::Delivery& delivery) {
  if (attempt.outcome() == v1::Attempt::SUCCEEDED) return "";
  if (const v1::Attempt* next = NextOf(attempt, delivery)) {
    return IsFinal(attempt, delivery)
               ? ""
               : FormatMillis(ToTime(next->start_time()));
  }
  if (!delivery.has_next_attempt_time()) return "";
  return FormatMillis(ToTime(delivery.next_attempt_time()));
}

}  // namespace

bool IsFinal(const v1::Attempt& attempt, const v1::Delivery& delivery) {
  if (attempt.outcome() == v1::Attempt::SUCCEEDED) return true;
  if (const v1::Attempt* next = NextOf(attempt, delivery)) {
    // Only a person goes on after the end.
    return next->trigger() == v1::Attempt::MANUAL &&
           attempt.trigger() != v1::Attempt::MANUAL;
  }
  return delivery.state() == v1::Delivery::PARKED ||
         delivery.state() == v1::Delivery::EXPIRED ||
         delivery.state() == v1::Delivery::DISCARDED;
}

std::string ResultJson(const v1::Attempt& attempt,
                       const ResultContext& context) {
  const v1::Delivery& delivery = context.delivery;
  Fields fields;
  fields.Begin();
  fields.Text("attemptId", attempt.name());
  fields.Text("timestamp", FormatMillis(ToTime(attempt.start_time())));
  fields.Text("eventId", attempt.event_id());
  WriteObject(attempt, delivery, fields);
  WriteDestination(attempt, context, fields);
  if (attempt.packet_id() == 0) {
    fields.Null("packetId");
  } else {
    fields.Number("packetId", attempt.packet_id());
  }
  fields.Number("attempt", NumberOf(attempt));
  fields.Null("maxAttempts");
  WriteOutcome(attempt, delivery, fields);
  if (delivery.name().empty()) {
    fields.Null("payloadBytes");
  } else {
    fields.Number("payloadBytes", delivery.payload().size());
  }
  fields.TextOrNull("nextRetryAt", NextRetry(attempt, delivery));
  fields.End();
  return fields.Take();
}

std::string ResultEnvelope(const v1::Attempt& attempt,
                           const ResultContext& context) {
  const absl::Time time = ToTime(attempt.start_time());
  Fields fields;
  fields.Begin();
  fields.Text("eventId", attempt.name());
  fields.Text("timeBucket",
              absl::FormatTime("%Y%m%d%H0000", time, absl::UTCTimeZone()));
  fields.Text("tenant", LastPart(TenantOf(attempt.name())));
  fields.Text("dataCoreId", "mqtt-push");
  fields.Text("flowType", "mqtt-push-results.0");
  fields.Text("eventType", "created.0");
  fields.BeginIn("metadata");
  fields.Text("producer", "mqtt-push");
  fields.End();
  fields.Raw("payload", ResultJson(attempt, context));
  fields.Text("validTime", FormatMillis(time));
  fields.End();
  return fields.Take();
}

}  // namespace mqttpush::cli
