#include "cli/result_event.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/proto_text.h"
#include "cli/result_ids.h"
#include "cli/times.h"
#include "cli/words.h"
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
  void NumberOrNull(const char* name, int64_t value) {
    value == 0 ? Null(name) : Number(name, value);
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

// As the object has it: ids are integers, of any size, but for those of assets.
void WriteObjectId(v1::ObjectType type, const std::string& id, Fields& fields) {
  const bool is_number =
      type != v1::ASSET && !id.empty() &&
      id.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    fields.Raw("objectId", id);
  } else {
    fields.TextOrNull("objectId", id);
  }
}

// Without an event id: the event is not in the log any more.
void WriteObject(const v1::Attempt& attempt, Fields& fields) {
  const bool known = !attempt.event_id().empty();
  const std::string type = known ? ObjectTypeWord(attempt.object_type()) : "";
  const std::string flow = absl::StrCat(absl::AsciiStrToLower(type), ".0");
  fields.TextOrNull("eventId", attempt.event_id());
  fields.TextOrNull("flowType", known ? flow : "");
  fields.TextOrNull("eventType", known ? "created.0" : "");
  fields.TextOrNull("objectType", type);
  WriteObjectId(attempt.object_type(), attempt.object_id(), fields);
  fields.TextOrNull("assetId", attempt.asset_id());
  fields.TextOrNull("ownerId", attempt.owner_id());
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

void WriteOutcome(const v1::Attempt& attempt, Fields& fields) {
  const bool success = attempt.outcome() == v1::Attempt::SUCCEEDED;
  fields.Text("status", success ? "success" : "failure");
  fields.Bool("success", success);
  fields.Bool("final", attempt.ended_delivery());
  if (success) {
    fields.Number("reasonCode", attempt.reason_code());
    fields.Null("errorMessage");
  } else {
    fields.NumberOrNull("reasonCode", attempt.reason_code());
    fields.TextOrNull("errorMessage", attempt.error_message());
  }
  fields.Number("durationMs",
                absl::ToInt64Milliseconds(ToDuration(attempt.duration())));
}

}  // namespace

std::string ResultJson(const v1::Attempt& attempt,
                       const ResultContext& context) {
  Fields fields;
  fields.Begin();
  fields.Text("attemptId", attempt.name());
  fields.Text("timestamp", FormatMillis(ToTime(attempt.start_time())));
  WriteObject(attempt, fields);
  WriteDestination(attempt, context, fields);
  fields.NumberOrNull("packetId", attempt.packet_id());
  fields.Number("attempt", NumberOf(attempt));
  fields.Null("maxAttempts");  // lost links do not count towards it
  WriteOutcome(attempt, fields);
  fields.NumberOrNull("payloadBytes", attempt.payload_bytes());
  fields.TextOrNull("nextRetryAt",
                    attempt.has_next_attempt_time()
                        ? FormatMillis(ToTime(attempt.next_attempt_time()))
                        : "");
  fields.End();
  return fields.Take();
}

std::string ResultEnvelope(const v1::Attempt& attempt,
                           const ResultContext& context) {
  const std::string tenant = LastPart(TenantOf(attempt.name()));
  Fields fields;
  fields.Begin();
  fields.Text("eventId", TimeUuid(attempt.record_time()));
  fields.Text("timeBucket",
              absl::FormatTime("%Y%m%d%H0000", ToTime(attempt.record_time()),
                               absl::UTCTimeZone()));
  fields.Text("tenant", tenant);
  fields.Text("dataCoreId", DataCoreId(tenant));
  fields.Text("flowType", "mqtt-push-results.0");
  fields.Text("eventType", "created.0");
  fields.BeginIn("metadata");
  fields.Text("producer", "mqtt-push");
  fields.End();
  fields.Raw("payload", ResultJson(attempt, context));
  fields.Text("validTime", FormatMillis(ToTime(attempt.start_time())));
  fields.End();
  return fields.Take();
}

}  // namespace mqttpush::cli
