#include "workers/dispatch/attempt_evidence.h"

#include "common/limits.h"

namespace mqttpush {
namespace {

using worker::v1::Result;

ErrorClass ErrorClassOf(Result::Outcome outcome) {
  switch (outcome) {
    case Result::SUCCEEDED:
      return ErrorClass::kNone;
    case Result::REJECTED:
      return ErrorClass::kRejected;
    case Result::ACK_TIMEOUT:
      return ErrorClass::kAckTimeout;
    case Result::CLIENT_ERROR:
      return ErrorClass::kClientError;
    default:
      return ErrorClass::kLinkLost;
  }
}

absl::Time TimeOrNever(int64_t time_us) {
  return time_us == 0 ? absl::InfinitePast() : absl::FromUnixMicros(time_us);
}

}  // namespace

void AddEvidence(const Result& result, AttemptRecord& attempt) {
  constexpr size_t kMaxText = limits::kMaxErrorMessageBytes;
  attempt.start_time = absl::FromUnixMicros(result.start_time_us());
  attempt.duration = absl::Microseconds(result.duration_us());
  attempt.succeeded = result.outcome() == Result::SUCCEEDED;
  attempt.error_class = ErrorClassOf(result.outcome());
  attempt.error_message = result.error_message().substr(0, kMaxText);
  attempt.reason_code = result.reason_code();
  attempt.reason_string = result.reason_string().substr(0, kMaxText);
  attempt.warning = result.warning().substr(0, kMaxText);
  attempt.packet_id = result.packet_id();
  attempt.duplicate_flag = result.duplicate_flag();
  attempt.session_present = result.session_present();
  attempt.broker_address = result.broker_address();
  attempt.connection = result.connection();
  attempt.pubrec_time = TimeOrNever(result.pubrec_time_us());
  attempt.ack_time = TimeOrNever(result.ack_time_us());
  if (!result.has_sent_as()) return;
  attempt.topic = result.sent_as().topic();
  attempt.qos = static_cast<Qos>(result.sent_as().qos());
  attempt.subscription_revision = result.sent_as().subscription_revision();
}

}  // namespace mqttpush
