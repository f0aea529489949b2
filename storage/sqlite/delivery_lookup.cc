#include "storage/sqlite/delivery_lookup.h"

#include "common/status_macros.h"
#include "storage/sqlite/event_rows.h"

namespace mqttpush {
namespace {

constexpr char kSelectSubscriptionsSql[] =
    "SELECT uid, subscription_id, cursor FROM subscription "
    "WHERE tenant_uid = ? ORDER BY uid";

constexpr char kSelectExceptionSql[] =
    "SELECT state, reason, time_us, next_attempt_time_us, rejection_count, "
    "lifetime_us, wait_cause "
    "FROM delivery_exception "
    "WHERE subscription_uid = ? AND event_seq = ?";

constexpr char kSelectLastAttemptSql[] =
    "SELECT " MQTTPUSH_ATTEMPT_COLUMNS
    " FROM attempt WHERE subscription_uid = ? AND event_seq = ? "
    "ORDER BY number DESC LIMIT 1";

}  // namespace

absl::StatusOr<DeliveryLookup> DeliveryLookup::Make(
    Reader* reader, int64_t tenant_uid, const StateOverlay* overlay) {
  DeliveryLookup lookup(reader, overlay);
  MQTTPUSH_RETURN_IF_ERROR(lookup.ReadSubscriptions(tenant_uid));
  return lookup;
}

absl::Status DeliveryLookup::ReadSubscriptions(int64_t tenant_uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader_->Get(kSelectSubscriptionsSql));
  StatementReset reset(select);
  select->Bind(0, tenant_uid);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, select->Step());
    if (!row) return absl::OkStatus();
    subscriptions_[select->Int64(0)] = {select->Text(1), select->Int64(2)};
  }
}

// The cursor was read first, the exceptions and attempts follow: a commit in
// between can only add to what the cursor says, so no state is older than the
// call.
absl::StatusOr<DeliveryRow> DeliveryLookup::Find(const EventRecord& event,
                                                 int64_t subscription_uid) {
  DeliveryRow row;
  row.event = event;
  row.subscription_uid = subscription_uid;
  const Subscription& subscription = subscriptions_[subscription_uid];
  row.subscription_id = subscription.id;
  bool exception = false;
  MQTTPUSH_RETURN_IF_ERROR(FindException(row, exception));
  MQTTPUSH_RETURN_IF_ERROR(FindLastAttempt(row));
  if (row.last_attempt.has_value()) {
    row.attempt_count = row.last_attempt->number;
  }
  const bool succeeded =
      row.last_attempt.has_value() && row.last_attempt->succeeded;
  if (!exception && (succeeded || event.seq <= subscription.cursor)) {
    row.state = DeliveryState::kDelivered;
  }
  row.state = (*overlay_)(subscription_uid, event.seq, row.state);
  return row;
}

absl::Status DeliveryLookup::FindException(DeliveryRow& row, bool& found) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader_->Get(kSelectExceptionSql));
  StatementReset reset(select);
  select->Bind(0, row.subscription_uid).Bind(1, row.event.seq);
  MQTTPUSH_ASSIGN_OR_RETURN(found, select->Step());
  if (!found) return absl::OkStatus();
  row.state = static_cast<DeliveryState>(select->Int(0));
  row.rejection_count = select->Int(4);
  if (row.state == DeliveryState::kRetrying) {
    row.next_attempt_time = select->Time(3);
    return absl::OkStatus();
  }
  row.ending.reason = static_cast<EndReason>(select->Int(1));
  row.ending.lifetime = absl::Microseconds(select->Int64(5));
  row.ending.wait_cause = static_cast<WaitCause>(select->Int(6));
  if (select->Int64(2) != 0) row.end_time = select->Time(2);
  return absl::OkStatus();
}

absl::Status DeliveryLookup::FindLastAttempt(DeliveryRow& row) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader_->Get(kSelectLastAttemptSql));
  StatementReset reset(select);
  select->Bind(0, row.subscription_uid).Bind(1, row.event.seq);
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
  if (found) row.last_attempt = ReadAttemptColumns(*select, 0);
  return absl::OkStatus();
}

}  // namespace mqttpush
