#include "cli/result_event.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/proto_text.h"
#include "cli/words.h"
#include "common/flowcore/delivery_result.h"
#include "common/ticks.h"

namespace mqttpush::cli {
namespace {

// To 100 ns, which is finer than ToTime.
int64_t TicksOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kTicksPerSecond + time.nanos() / 100;
}

int NumberOf(const v1::Attempt& attempt) {
  int number = 0;
  (void)absl::SimpleAtoi(LastPart(attempt.name()), &number);
  return number;
}

// Without an event id the event is not in the log any more.
void SetObject(const v1::Attempt& attempt, DeliveryResult& result) {
  result.event_id = attempt.event_id();
  result.object_id = attempt.object_id();
  result.asset_id = attempt.asset_id();
  result.owner_id = attempt.owner_id();
  result.payload_bytes = attempt.payload_bytes();
  if (attempt.event_id().empty()) return;
  result.object_type = ObjectTypeWord(attempt.object_type());
  result.flow_type =
      absl::StrCat(absl::AsciiStrToLower(result.object_type), ".0");
}

void SetDestination(const ResultContext& context, DeliveryResult& result) {
  if (context.subscription.name().empty()) return;
  result.retain = context.subscription.retain();
  if (context.broker.name().empty()) return;
  result.broker_id = LastPart(context.broker.name());
  result.broker_url = BrokerUrl(context.broker);
}

DeliveryResult ToResult(const v1::Attempt& attempt,
                        const ResultContext& context) {
  DeliveryResult result = {
      .attempt_name = attempt.name(),
      .start_time = ToTime(attempt.start_time()),
      .record_ticks = TicksOf(attempt.record_time()),
      .topic = attempt.topic(),
      .qos = attempt.qos() - 1,
      .packet_id = attempt.packet_id(),
      .number = NumberOf(attempt),
      .succeeded = attempt.outcome() == v1::Attempt::SUCCEEDED,
      .ended_delivery = attempt.ended_delivery(),
      .reason_code = attempt.reason_code(),
      .error_message = attempt.error_message(),
      .duration = ToDuration(attempt.duration())};
  if (attempt.has_next_attempt_time()) {
    result.next_attempt_time = ToTime(attempt.next_attempt_time());
  }
  SetObject(attempt, result);
  SetDestination(context, result);
  return result;
}

}  // namespace

std::string ResultJson(const v1::Attempt& attempt,
                       const ResultContext& context) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  WriteResultPayload(ToResult(attempt, context), writer);
  return text.GetString();
}

std::string ResultEnvelope(const v1::Attempt& attempt,
                           const ResultContext& context) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  WriteResultEvent(ToResult(attempt, context),
                   ResultStreamOf(LastPart(TenantOf(attempt.name()))), writer);
  return text.GetString();
}

}  // namespace mqttpush::cli
