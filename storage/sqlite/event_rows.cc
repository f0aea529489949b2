#include "storage/sqlite/event_rows.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush {
namespace {

absl::Time TimeOrNever(const Statement& row, int column) {
  return row.IsNull(column) ? absl::InfinitePast() : row.Time(column);
}

}  // namespace

EventRecord ReadEventColumns(const Statement& row, int first) {
  EventRecord event;
  event.seq = row.Int64(first);
  event.tenant_uid = row.Int64(first + 1);
  event.event_id = row.Text(first + 2);
  event.object_type = static_cast<ObjectType>(row.Int(first + 3));
  event.object_id = row.Text(first + 4);
  event.asset_id = row.Text(first + 5);
  event.owner_id = row.Text(first + 6);
  event.accept_time = row.Time(first + 7);
  event.subscription_uids = DecodeSubscriptionUids(row.Bytes(first + 8));
  return event;
}

AttemptRecord ReadAttemptColumns(const Statement& row, int first) {
  AttemptRecord attempt;
  attempt.subscription_uid = row.Int64(first);
  attempt.event_seq = row.Int64(first + 1);
  attempt.number = row.Int(first + 2);
  attempt.start_time = row.Time(first + 3);
  attempt.duration = absl::Microseconds(row.Int64(first + 4));
  attempt.topic = row.Text(first + 5);
  attempt.qos = static_cast<Qos>(row.Int(first + 6));
  attempt.succeeded = row.Bool(first + 7);
  attempt.error_class = static_cast<ErrorClass>(row.Int(first + 8));
  attempt.error_message = row.Text(first + 9);
  attempt.reason_code = row.Int(first + 10);
  attempt.packet_id = row.Int(first + 11);
  attempt.duplicate_flag = row.Bool(first + 12);
  attempt.session_present = row.Bool(first + 13);
  attempt.broker_address = row.Text(first + 14);
  attempt.subscription_revision = row.Int64(first + 15);
  attempt.broker_revision = row.Int64(first + 16);
  attempt.requested_qos = static_cast<Qos>(row.Int(first + 17));
  attempt.reason_string = row.Text(first + 18);
  attempt.warning = row.Text(first + 19);
  attempt.connection = row.Int64(first + 20);
  attempt.pubrec_time = TimeOrNever(row, first + 21);
  attempt.ack_time = TimeOrNever(row, first + 22);
  return attempt;
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
