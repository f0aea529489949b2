// HistoryReader: what happened to each message, newest first, by pages; also
// oldest first: of attempts without an end, of deliveries by small steps.
#ifndef MQTTPUSH_STORAGE_HISTORY_READER_H_
#define MQTTPUSH_STORAGE_HISTORY_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/attempt_follower.h"
#include "storage/log_extent.h"
#include "storage/records.h"

namespace mqttpush {

// All that is set must match. The time range is that of the accept time for
// deliveries and of the start time for attempts.
struct HistoryQuery {
  int64_t tenant_uid = 0;
  std::optional<int64_t> subscription_uid;
  std::optional<int64_t> event_seq;
  absl::Time start_time = absl::InfinitePast();  // inclusive
  absl::Time end_time = absl::InfiniteFuture();  // exclusive
  // Deliveries accepted before it that have ended, and attempts that began
  // before it, are not shown.
  absl::Time retained_since = absl::InfinitePast();
  std::optional<ObjectType> object_type;
  std::string asset_id;   // empty: any
  std::string event_id;   // empty: any
  std::string object_id;  // empty: any; of deliveries only, and without index
  std::string topic;      // empty: any; of a delivery, that of its last attempt
};

// The key of a delivery; deliveries are listed by falling event_seq, then
// falling subscription_uid, and walked over by rising ones.
struct DeliveryKey {
  int64_t event_seq = 0;
  int64_t subscription_uid = 0;
  bool operator==(const DeliveryKey&) const = default;
};

struct DeliveryRow {
  EventRecord event;          // the payload only from GetDelivery
  int64_t payload_bytes = 0;  // only from WalkDeliveries
  int64_t subscription_uid = 0;
  std::string subscription_id;
  DeliveryState state = DeliveryState::kWaiting;
  int attempt_count = 0;
  absl::Time next_attempt_time;  // when kRetrying
  // When kRetrying because a person asked for it: since when.
  std::optional<absl::Time> request_time;
  // When and why it ended; only of kParked, kExpired and kDiscarded.
  // InfinitePast where the log does not know: an overlay said kDiscarded, or it
  // was parked without an attempt.
  absl::Time end_time = absl::InfinitePast();
  Ending ending;
  int rejection_count = 0;  // attempts refused; of kRetrying and kParked
  std::optional<AttemptRecord> last_attempt;  // absent before the first
  // Of its event those that have ended are not shown: retention may have
  // dropped how.
  bool others_dropped = false;
};

struct DeliveryPage {
  std::vector<DeliveryRow> rows;
  // The page ended here; absent at the end of the list.
  std::optional<DeliveryKey> next;
};

// The key of an attempt; attempts are listed by falling start time, then
// falling attempt_seq.
struct AttemptKey {
  absl::Time start_time;
  int64_t attempt_seq = 0;
};

struct AttemptPage {
  std::vector<AttemptRow> rows;
  std::optional<AttemptKey> next;
};

// What the log cannot know of a delivery: that it is in flight, or discarded
// because its subscription is gone. Given the state by the log, returns the
// state to show.
using StateOverlay = std::function<DeliveryState(
    int64_t subscription_uid, int64_t event_seq, DeliveryState state)>;

// Thread-safe. Sees every commit whose callback has been called. A page ends
// early, perhaps empty, when it has looked at kMaxLookedAt rows.
class HistoryReader {
 public:
  static constexpr int kMaxLookedAt = 20000;
  // Of a step of WalkDeliveries, so that many who walk take turns.
  static constexpr int kMaxWalked = 2000;

  virtual ~HistoryReader() = default;

  // Reads no disk.
  virtual LogExtent GetExtent() = 0;

  // `states`: only these, empty for all.
  virtual absl::StatusOr<DeliveryPage> ListDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) = 0;

  // The same, oldest accepted first, in steps that end after kMaxWalked rows.
  virtual absl::StatusOr<DeliveryPage> WalkDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) = 0;

  // NOT_FOUND when the tenant has no such delivery.
  virtual absl::StatusOr<DeliveryRow> GetDelivery(
      int64_t tenant_uid, DeliveryKey key, const StateOverlay& overlay) = 0;

  // How many events that the subscription took before `event_seq` are neither
  // over nor retrying: what comes before it, while it waits.
  virtual absl::StatusOr<int64_t> CountAhead(int64_t subscription_uid,
                                             int64_t event_seq) = 0;

  // `succeeded`: only attempts of that outcome.
  virtual absl::StatusOr<AttemptPage> ListAttempts(
      const HistoryQuery& query, std::optional<bool> succeeded,
      std::optional<AttemptKey> after, int limit) = 0;

  // From after the attempt_seq `after`, which a follower gave as its position;
  // absent: from the oldest that matches. Not `live`: up to the last one that
  // is recorded now. OUT_OF_RANGE when the log never came as far as `after`.
  virtual absl::StatusOr<std::unique_ptr<AttemptFollower>> FollowAttempts(
      const HistoryQuery& query, std::optional<bool> succeeded,
      std::optional<int64_t> after, bool live) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_HISTORY_READER_H_
