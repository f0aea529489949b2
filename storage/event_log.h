// EventLog: accepted events, their attempts, and the state of every delivery.
//
// The state of a subscription's deliveries is a cursor plus exceptions
// (docs/decisions/0003-cursor-and-exceptions.md). Of the events that a
// subscription took:
//   - at or below `cursor`, without an exception row: DELIVERED;
//   - with an exception row: RETRYING, PARKED, EXPIRED or DISCARDED, as it
//   says;
//   - above `cursor`, with a succeeded attempt: DELIVERED, ahead of the cursor;
//   - above `cursor` otherwise: WAITING, and up to `sent_through` perhaps with
//   a worker.
#ifndef MQTTPUSH_STORAGE_EVENT_LOG_H_
#define MQTTPUSH_STORAGE_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/records.h"

namespace mqttpush {

// The subscriptions that take an event, shared by all events that go the same
// way.
struct SubscriptionRef {
  int64_t uid = 0;
  std::string id;  // kept for the history of deleted subscriptions
};
using Route = std::vector<SubscriptionRef>;

// An event on its way into the log.
struct NewEvent {
  int64_t tenant_uid = 0;
  std::string event_id;
  ObjectType object_type = ObjectType::kAsset;
  std::string object_id;
  std::string asset_id;
  std::string owner_id;
  std::string payload;
  std::shared_ptr<const Route> route;  // not null, not empty
};

enum class AppendOutcome {
  kAccepted,
  kDuplicate,  // the tenant has an event of that id, perhaps earlier in the
               // batch
};

// RETRYING, or ended as PARKED, EXPIRED or DISCARDED.
struct DeliveryException {
  int64_t event_seq = 0;
  DeliveryState state = DeliveryState::kRetrying;
  Ending ending;                            // EXPIRED or DISCARDED
  absl::Time end_time = absl::UnixEpoch();  // not of a retrying one
  // Handed to a worker; after a crash it may have been sent.
  bool sent = false;
  int attempt_count = 0;
  int rejection_count = 0;       // attempts that the broker answered with no
  absl::Time next_attempt_time;  // of a retrying one
  // Of a retrying one: when a person asked for it; UnixEpoch: nobody did.
  absl::Time request_time = absl::UnixEpoch();
  // Of a retrying one: its last attempt was answered, by yes or no.
  bool answered = false;
};

// One that had ended and, because a person asked for it, is to be sent again.
struct ReopenedDelivery {
  int64_t event_seq = 0;
  DeliveryState ended_as = DeliveryState::kParked;  // or kDelivered
};

// What changes in the state of one subscription, atomically with the attempts
// that are the reason.
struct DeliveryUpdate {
  int64_t subscription_uid = 0;
  int64_t cursor = 0;
  int64_t sent_through = 0;  // never below `cursor`
  std::vector<AttemptRecord> attempts;
  std::vector<DeliveryException> put_exceptions;
  std::vector<int64_t> erase_exceptions;  // event seqs
  // Among put_exceptions as retrying ones. They are not delivered or parked any
  // more: each counts as -1 below.
  std::vector<ReopenedDelivery> reopened;
  int64_t newly_delivered = 0;
  int64_t newly_parked = 0;
  int64_t newly_expired = 0;
  int64_t newly_discarded = 0;
};

// A subscription's row, as last committed.
struct SubscriptionState {
  int64_t uid = 0;
  int64_t tenant_uid = 0;
  std::string id;
  int64_t cursor = 0;
  int64_t sent_through = 0;
  int64_t accepted_count = 0;
  int64_t delivered_count = 0;
  int64_t parked_count = 0;
  int64_t retrying_count = 0;
  int64_t expired_count = 0;
  int64_t discarded_count = 0;
};

// An event with its attempts so far, of those above a cursor.
struct AttemptedEvent {
  int64_t event_seq = 0;
  int attempt_count = 0;
  bool delivered = false;
};

// What has not ended of a tenant's deliveries: WAITING, IN_FLIGHT or RETRYING.
// An event counts once for each subscription that it is to go to.
struct Outbox {
  int64_t events = 0;
  int64_t bytes = 0;  // of their payloads
  bool operator==(const Outbox&) const = default;
};

// What dispatch needs to go on with a subscription after a restart.
struct SubscriptionRecovery {
  SubscriptionState state;
  // All retrying ones, and of the ended ones those above the cursor; by
  // event_seq.
  std::vector<DeliveryException> exceptions;
  std::vector<AttemptedEvent> attempted;  // above the cursor, by event_seq
};

// Keeps an event in the log for as long as it lives.
using EventHold = std::shared_ptr<const void>;

// Thread-safe. Callbacks run on the log's writer thread and must not block.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Stores `events` with neighbouring calls in one commit and then calls `done`
  // with one outcome per event. Atomic: on an error nothing is stored:
  // UNAVAILABLE when the log cannot be written, with the reason,
  // RESOURCE_EXHAUSTED when too much waits to be, which `done` is told before
  // this returns. What is reported kAccepted has been fsynced.
  using AppendDone =
      std::function<void(absl::StatusOr<std::vector<AppendOutcome>>)>;
  virtual void Append(std::vector<NewEvent> events, AppendDone done) = 0;

  // Stores `updates` in one commit and then calls `done`. Atomic. UNAVAILABLE
  // as in Append.
  using CommitDone = std::function<void(absl::Status)>;
  virtual void Commit(std::vector<DeliveryUpdate> updates, CommitDone done) = 0;

  // Called after each commit that accepted events, with the subscriptions that
  // took them. Set once, before the first Append.
  using AppendListener =
      std::function<void(std::vector<int64_t> subscription_uids)>;
  virtual void SetAppendListener(AppendListener listener) = 0;

  // The state of a subscription; zeros when it never took an event.
  virtual absl::StatusOr<SubscriptionState> GetSubscriptionState(
      int64_t subscription_uid) = 0;
  // Where to go on. For a subscription that never took an event the cursor is
  // the newest seq: what lies before it is not its own.
  virtual absl::StatusOr<SubscriptionRecovery> Recover(
      int64_t subscription_uid) = 0;

  // The subscriptions with deliveries that have not ended, deleted ones among
  // them. Only uid and tenant_uid are set.
  virtual absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() = 0;

  // The outbox of a tenant, as last committed; in memory.
  virtual Outbox GetOutbox(int64_t tenant_uid) const = 0;

  // The next events that the subscription took, with seq > after_seq, in order:
  // at most `limit`, and none after their payloads have come to kReadBytes.
  // `scanned_through`: no further one has a seq at or below it.
  static constexpr size_t kReadBytes = 1 << 20;
  struct NextEvents {
    std::vector<EventRecord> events;
    int64_t scanned_through = 0;
    bool at_end = false;  // nothing was left when it was read
  };
  virtual absl::StatusOr<NextEvents> ReadNext(int64_t tenant_uid,
                                              int64_t subscription_uid,
                                              int64_t after_seq, int limit) = 0;
  // NOT_FOUND when there is no such event.
  virtual absl::StatusOr<EventRecord> ReadEvent(int64_t seq) = 0;

  // Keeps retention from dropping the event, if it is still there. For who is
  // about to send one again that has ended: once it is RETRYING on disk the
  // event stays by itself. NOT_FOUND: it is being dropped at this moment.
  virtual absl::StatusOr<EventHold> HoldEvent(int64_t seq) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_EVENT_LOG_H_
