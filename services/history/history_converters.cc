#include "services/history/history_converters.h"

#include <string>
#include <utility>

#include "common/reason_codes.h"
#include "google/protobuf/util/time_util.h"
#include "services/api/resource_names.h"
#include "services/history/attempt_hint.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

google::protobuf::Timestamp ToProto(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

// UNSPECIFIED is 0 in the API, and 0 is a QoS in MQTT.
v1::Qos ToProto(Qos qos) {
  return static_cast<v1::Qos>(static_cast<int>(qos) + 1);
}

void SetEvidence(const AttemptRecord& record, v1::Attempt& attempt) {
  attempt.set_packet_id(record.packet_id);
  attempt.set_duplicate_flag(record.duplicate_flag);
  attempt.set_session_present(record.session_present);
  attempt.set_broker_address(record.broker_address);
  attempt.set_connection(record.connection);
  attempt.set_subscription_revision(record.subscription_revision);
  attempt.set_broker_revision(record.broker_revision);
  if (record.pubrec_time != absl::InfinitePast()) {
    *attempt.mutable_pubrec_time() = ToProto(record.pubrec_time);
  }
  if (record.ack_time != absl::InfinitePast()) {
    *attempt.mutable_ack_time() = ToProto(record.ack_time);
  }
}

void SetRecording(const AttemptRecording& recording, v1::Attempt& attempt) {
  *attempt.mutable_record_time() =
      TimeUtil::NanosecondsToTimestamp(recording.ticks * 100);
  attempt.set_ended_delivery(recording.ended_delivery);
  if (recording.next_attempt_time != absl::InfinitePast()) {
    *attempt.mutable_next_attempt_time() = ToProto(recording.next_attempt_time);
  }
}

void SetOutcome(const AttemptRecord& record, v1::Attempt& attempt) {
  attempt.set_outcome(record.succeeded ? v1::Attempt::SUCCEEDED
                                       : v1::Attempt::FAILED);
  attempt.set_error_class(
      static_cast<v1::Attempt::ErrorClass>(record.error_class));
  attempt.set_error_message(record.error_message);
  attempt.set_reason_code(record.reason_code);
  if (record.reason_code != 0) {
    attempt.set_reason(ReasonCodeName(record.reason_code));
  }
  attempt.set_reason_string(record.reason_string);
  attempt.set_warning(record.warning);
  attempt.set_hint(std::string(AttemptHint(record)));
}

void SetEvent(const AttemptRow& row, v1::Attempt& attempt) {
  attempt.set_event_id(row.event_id);
  attempt.set_object_type(static_cast<v1::ObjectType>(row.object_type));
  attempt.set_object_id(row.object_id);
  attempt.set_asset_id(row.asset_id);
  attempt.set_owner_id(row.owner_id);
  attempt.set_payload_bytes(row.payload_bytes);
}

v1::HistoryFilter ToFilter(const ReplayRecord& replay,
                           absl::string_view tenant) {
  const HistoryQuery& query = replay.query;
  v1::HistoryFilter filter;
  if (!replay.subscription_id.empty()) {
    filter.set_subscription(SubscriptionName(tenant, replay.subscription_id));
  }
  if (query.start_time != absl::InfinitePast()) {
    *filter.mutable_start_time() = ToProto(query.start_time);
  }
  if (query.end_time != absl::InfiniteFuture()) {
    *filter.mutable_end_time() = ToProto(query.end_time);
  }
  if (query.object_type.has_value()) {
    filter.set_object_type(static_cast<v1::ObjectType>(*query.object_type));
  }
  filter.set_asset_id(query.asset_id);
  filter.set_event_id(query.event_id);
  filter.set_topic(query.topic);
  return filter;
}

}  // namespace

absl::Time CompleteTime(const DeliveryRow& row) {
  const bool by_attempt = row.state == DeliveryState::kDelivered ||
                          row.state == DeliveryState::kParked;
  if (row.end_time != absl::InfinitePast()) return row.end_time;
  if (!by_attempt || !row.last_attempt.has_value()) return absl::InfinitePast();
  return row.last_attempt->start_time + row.last_attempt->duration;
}

v1::Delivery ToProto(const DeliveryRow& row, absl::string_view tenant,
                     std::string state_reason) {
  v1::Delivery delivery;
  delivery.set_name(DeliveryName(tenant, row.event.seq, row.subscription_uid));
  delivery.set_event_id(row.event.event_id);
  delivery.set_object_type(static_cast<v1::ObjectType>(row.event.object_type));
  delivery.set_object_id(row.event.object_id);
  delivery.set_asset_id(row.event.asset_id);
  delivery.set_subscription(SubscriptionName(tenant, row.subscription_id));
  delivery.set_state(static_cast<v1::Delivery::State>(row.state));
  delivery.set_attempt_count(row.attempt_count);
  *delivery.mutable_accept_time() = ToProto(row.event.accept_time);
  if (row.state == DeliveryState::kRetrying) {
    *delivery.mutable_next_attempt_time() = ToProto(row.next_attempt_time);
  }
  if (row.last_attempt.has_value()) {
    delivery.set_topic(row.last_attempt->topic);
    delivery.set_qos(ToProto(row.last_attempt->qos));
  }
  if (const absl::Time end = CompleteTime(row); end != absl::InfinitePast()) {
    *delivery.mutable_complete_time() = ToProto(end);
  }
  delivery.set_state_reason(std::move(state_reason));
  delivery.set_payload(row.event.payload);
  return delivery;
}

v1::Attempt ToProto(const AttemptRow& row, absl::string_view tenant) {
  const AttemptRecord& record = row.attempt;
  v1::Attempt attempt;
  attempt.set_name(AttemptName(tenant, record.event_seq,
                               record.subscription_uid, record.number));
  *attempt.mutable_start_time() = ToProto(record.start_time);
  *attempt.mutable_duration() = TimeUtil::MicrosecondsToDuration(
      absl::ToInt64Microseconds(record.duration));
  attempt.set_topic(record.topic);
  attempt.set_qos(ToProto(record.qos));
  attempt.set_requested_qos(ToProto(record.requested_qos));
  attempt.set_trigger(record.manual ? v1::Attempt::MANUAL
                                    : v1::Attempt::SCHEDULED);
  SetOutcome(record, attempt);
  SetEvidence(record, attempt);
  SetRecording(record.recording, attempt);
  SetEvent(row, attempt);
  attempt.set_subscription(SubscriptionName(tenant, row.subscription_id));
  return attempt;
}

// One without a uid was only counted.
v1::Replay ToProto(const ReplayRecord& record, absl::string_view tenant) {
  v1::Replay replay;
  *replay.mutable_filter() = ToFilter(record, tenant);
  for (DeliveryState state : record.states) {
    replay.add_states(static_cast<v1::Delivery::State>(state));
  }
  replay.set_max_per_second(record.max_per_second);
  replay.set_matched_count(record.matched_count);
  replay.set_matched_bytes(record.matched_bytes);
  *replay.mutable_create_time() = ToProto(record.create_time);
  if (record.uid == 0) return replay;
  replay.set_name(ReplayName(tenant, record.uid));
  replay.set_state(static_cast<v1::Replay::State>(record.state));
  replay.set_requested_count(record.requested_count);
  replay.set_skipped_count(record.skipped_count);
  if (record.finish_time.has_value()) {
    *replay.mutable_end_time() = ToProto(*record.finish_time);
  }
  replay.set_error(record.error);
  return replay;
}

}  // namespace mqttpush
