// DeliveryLookup: the state and last attempt of single deliveries of a tenant.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_LOOKUP_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_LOOKUP_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// For one call. Thread-compatible.
class DeliveryLookup {
 public:
  // `subscriptions`: all that the tenant ever had. `session` and `overlay` must
  // outlive it.
  DeliveryLookup(ReadSession* session,
                 const std::vector<SubscriptionState>& subscriptions,
                 const StateOverlay* overlay);

  // The delivery of `event` to `subscription_uid`.
  absl::StatusOr<DeliveryRow> Find(const EventRecord& event,
                                   int64_t subscription_uid);

  // All its attempts with their seqs, in no particular order.
  struct FoundAttempt {
    int64_t attempt_seq = 0;
    AttemptRecord attempt;
  };
  absl::StatusOr<std::vector<FoundAttempt>> FindAttempts(
      int64_t event_seq, int64_t subscription_uid);

  // Whether the tenant ever had it.
  bool Has(int64_t subscription_uid) const {
    return subscriptions_.contains(subscription_uid);
  }
  // "" for one that the tenant never had.
  std::string subscription_id(int64_t subscription_uid) const;

 private:
  struct Subscription {
    std::string id;
    int64_t cursor = 0;
  };
  absl::Status FindException(DeliveryRow& row, bool& found);
  absl::Status FindLastAttempt(DeliveryRow& row);
  // Attempts of the delivery in one segment, the last one first.
  absl::StatusOr<std::vector<FoundAttempt>> FindIn(const Segment& segment,
                                                   int64_t event_seq,
                                                   int64_t subscription_uid,
                                                   size_t limit);
  // Which events each segment has exceptions of, or attempts at for a
  // subscription: a page asks for each row again, and of many segments.
  void NoteExceptions();
  const std::vector<Range>& AttemptedSeqs(int64_t subscription_uid);
  // The first segment that can have either: the event's own.
  size_t OwnSegment(int64_t event_seq) const;

  ReadSession* const session_;
  const StateOverlay* const overlay_;
  std::map<int64_t, Subscription> subscriptions_;
  // As the session's segments.
  std::vector<Range> exception_seqs_;
  std::map<int64_t, std::vector<Range>> attempted_seqs_;  // by subscription uid
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_DELIVERY_LOOKUP_H_
