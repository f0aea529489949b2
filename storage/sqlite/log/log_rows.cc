#include "storage/sqlite/log/log_rows.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush {
namespace {

constexpr int kAttemptColumnCount = 26;

absl::Time TimeOrNever(const Statement& row, int column) {
  return row.IsNull(column) ? absl::InfinitePast() : row.Time(column);
}

void BindTimeOrNever(int parameter, absl::Time time, Statement* statement) {
  if (time == absl::InfinitePast()) {
    statement->BindNull(parameter);
  } else {
    statement->Bind(parameter, time);
  }
}

}  // namespace

EventRecord ReadEventColumns(const Statement& row) {
  EventRecord event;
  event.seq = row.Int64(0);
  event.tenant_uid = row.Int64(1);
  event.event_id = row.Text(2);
  event.object_type = static_cast<ObjectType>(row.Int(3));
  event.object_id = row.Text(4);
  event.asset_id = row.Text(5);
  event.owner_id = row.Text(6);
  event.accept_time = row.Time(7);
  event.subscription_uids = DecodeSubscriptionUids(row.Bytes(8));
  return event;
}

AttemptRecord ReadAttemptColumns(const Statement& row) {
  AttemptRecord attempt;
  attempt.subscription_uid = row.Int64(2);
  attempt.event_seq = row.Int64(3);
  attempt.number = row.Int(4);
  attempt.start_time = row.Time(5);
  attempt.duration = absl::Microseconds(row.Int64(6));
  attempt.topic = row.Text(7);
  attempt.qos = static_cast<Qos>(row.Int(8));
  attempt.requested_qos = static_cast<Qos>(row.Int(9));
  attempt.succeeded = row.Bool(10);
  attempt.error_class = static_cast<ErrorClass>(row.Int(11));
  attempt.error_message = row.Text(12);
  attempt.reason_code = row.Int(13);
  attempt.reason_string = row.Text(14);
  attempt.warning = row.Text(15);
  attempt.packet_id = row.Int(16);
  attempt.duplicate_flag = row.Bool(17);
  attempt.session_present = row.Bool(18);
  attempt.broker_address = row.Text(19);
  attempt.connection = row.Int64(20);
  attempt.pubrec_time = TimeOrNever(row, 21);
  attempt.ack_time = TimeOrNever(row, 22);
  attempt.subscription_revision = row.Int64(23);
  attempt.broker_revision = row.Int64(24);
  attempt.manual = row.Bool(25);
  return attempt;
}

void BindAttempt(int64_t attempt_seq, int64_t tenant_uid,
                 const AttemptRecord& attempt, Statement* insert) {
  insert->Bind(0, attempt_seq)
      .Bind(1, tenant_uid)
      .Bind(2, attempt.subscription_uid)
      .Bind(3, attempt.event_seq)
      .Bind(4, attempt.number)
      .Bind(5, attempt.start_time)
      .Bind(6, absl::ToInt64Microseconds(attempt.duration))
      .Bind(7, attempt.topic)
      .Bind(8, static_cast<int>(attempt.qos))
      .Bind(9, static_cast<int>(attempt.requested_qos))
      .Bind(10, attempt.succeeded)
      .Bind(11, static_cast<int>(attempt.error_class))
      .Bind(12, attempt.error_message)
      .Bind(13, attempt.reason_code)
      .Bind(14, attempt.reason_string)
      .Bind(15, attempt.warning)
      .Bind(16, attempt.packet_id)
      .Bind(17, attempt.duplicate_flag)
      .Bind(18, attempt.session_present)
      .Bind(19, attempt.broker_address)
      .Bind(20, attempt.connection)
      .Bind(23, attempt.subscription_revision)
      .Bind(24, attempt.broker_revision)
      .Bind(25, attempt.manual);
  BindTimeOrNever(21, attempt.pubrec_time, insert);
  BindTimeOrNever(22, attempt.ack_time, insert);
}

AttemptRecording ReadRecordingColumns(const Statement& row) {
  return {.ticks = row.Int64(kAttemptColumnCount),
          .ended_delivery = row.Bool(kAttemptColumnCount + 1),
          .next_attempt_time = TimeOrNever(row, kAttemptColumnCount + 2)};
}

void BindRecording(const AttemptRecording& recording, Statement* insert) {
  insert->Bind(kAttemptColumnCount, recording.ticks)
      .Bind(kAttemptColumnCount + 1, recording.ended_delivery);
  BindTimeOrNever(kAttemptColumnCount + 2, recording.next_attempt_time, insert);
}

DeliveryException ReadExceptionColumns(const Statement& row) {
  DeliveryException exception;
  exception.event_seq = row.Int64(1);
  exception.state = static_cast<DeliveryState>(row.Int(3));
  exception.ending.reason = static_cast<EndReason>(row.Int(4));
  const bool retrying = exception.state == DeliveryState::kRetrying;
  (retrying ? exception.request_time : exception.end_time) = row.Time(5);
  exception.sent = row.Bool(6);
  exception.answered = row.Bool(7);
  exception.attempt_count = row.Int(8);
  exception.rejection_count = row.Int(9);
  exception.next_attempt_time = row.Time(10);
  exception.ending.lifetime = absl::Microseconds(row.Int64(11));
  exception.ending.wait_cause = static_cast<WaitCause>(row.Int(12));
  return exception;
}

void BindException(int64_t tenant_uid, int64_t subscription_uid,
                   const DeliveryException& exception, bool carried,
                   Statement* insert) {
  const bool retrying = exception.state == DeliveryState::kRetrying;
  insert->Bind(0, tenant_uid)
      .Bind(1, exception.event_seq)
      .Bind(2, subscription_uid)
      .Bind(3, static_cast<int>(exception.state))
      .Bind(4, static_cast<int>(exception.ending.reason))
      .Bind(5, retrying ? exception.request_time : exception.end_time)
      .Bind(6, exception.sent)
      .Bind(7, exception.answered)
      .Bind(8, exception.attempt_count)
      .Bind(9, exception.rejection_count)
      .Bind(10, retrying ? exception.next_attempt_time : absl::UnixEpoch())
      .Bind(11, absl::ToInt64Microseconds(exception.ending.lifetime))
      .Bind(12, static_cast<int>(exception.ending.wait_cause))
      .Bind(13, carried);
}

SubscriptionState ReadSubscriptionColumns(const Statement& row) {
  return {.uid = row.Int64(0),
          .tenant_uid = row.Int64(1),
          .id = row.Text(2),
          .cursor = row.Int64(3),
          .sent_through = row.Int64(4),
          .accepted_count = row.Int64(5),
          .delivered_count = row.Int64(6),
          .parked_count = row.Int64(7),
          .expired_count = row.Int64(8),
          .discarded_count = row.Int64(9)};
}

void BindSubscription(const SubscriptionState& state, Statement* insert) {
  insert->Bind(0, state.uid)
      .Bind(1, state.tenant_uid)
      .Bind(2, state.id)
      .Bind(3, state.cursor)
      .Bind(4, state.sent_through)
      .Bind(5, state.accepted_count)
      .Bind(6, state.delivered_count)
      .Bind(7, state.parked_count)
      .Bind(8, state.expired_count)
      .Bind(9, state.discarded_count);
}

SubscriptionTally ReadTallyCounts(const Statement& row) {
  return {.events = row.Int64(1),
          .successes = row.Int64(2),
          .parked = row.Int64(3),
          .expired = row.Int64(4),
          .discarded = row.Int64(5)};
}

void BindTallyCounts(int64_t subscription_uid, const SubscriptionTally& tally,
                     Statement* insert) {
  insert->Bind(0, subscription_uid)
      .Bind(1, tally.events)
      .Bind(2, tally.successes)
      .Bind(3, tally.parked)
      .Bind(4, tally.expired)
      .Bind(5, tally.discarded);
}

std::string EncodeSubscriptionUids(const Route& route) {
  std::string text = ",";
  for (const SubscriptionRef& ref : route) {
    absl::StrAppend(&text, ref.uid, ",");
  }
  return text;
}

std::vector<int64_t> DecodeSubscriptionUids(absl::string_view text) {
  std::vector<int64_t> uids;
  for (absl::string_view piece : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    int64_t uid = 0;
    if (absl::SimpleAtoi(piece, &uid)) uids.push_back(uid);
  }
  return uids;
}

}  // namespace mqttpush
