// ReplayStore: the replays of all tenants, durable.
//
// A replay sends again all deliveries that a filter matches
// (docs/decisions/0015-replays.md).
#ifndef MQTTPUSH_STORAGE_REPLAY_STORE_H_
#define MQTTPUSH_STORAGE_REPLAY_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/history_reader.h"
#include "storage/records.h"

namespace mqttpush {

// Stored as numbers; Replay.State of the API.
enum class ReplayState {
  kRunning = 1,
  kSucceeded = 2,
  kCancelled = 3,
  kFailed = 4,
};

struct ReplayRecord {
  int64_t uid = 0;  // assigned by the store; never used again
  // Which deliveries: of `query` what the API's filter has, and the tenant.
  HistoryQuery query;
  std::string subscription_id;        // of the query's; empty: any
  std::vector<DeliveryState> states;  // kParked, kDelivered, or both
  int max_per_second = 0;
  absl::Time create_time;
  int64_t matched_count = 0;
  int64_t matched_bytes = 0;

  // How far it has come; the rest does not change.
  ReplayState state = ReplayState::kRunning;
  DeliveryKey position;  // up to it, all have had their turn
  int64_t requested_count = 0;
  int64_t skipped_count = 0;
  std::optional<absl::Time> finish_time;  // absent while kRunning
  std::string error;  // why it kFailed, or does not go on just now
};

// Thread-safe. Every method: UNAVAILABLE when the file cannot be read or
// written.
class ReplayStore {
 public:
  virtual ~ReplayStore() = default;

  // Returns it with its uid. RESOURCE_EXHAUSTED when limits::kMaxRunningReplays
  // of the tenant are running; NOT_FOUND when there is no such tenant. Removes
  // those of the tenant that have ended and are not among its newest
  // limits::kMaxKeptReplays.
  virtual absl::StatusOr<ReplayRecord> Create(ReplayRecord replay) = 0;

  // NOT_FOUND when the tenant has no such replay (any more).
  virtual absl::StatusOr<ReplayRecord> Get(int64_t tenant_uid, int64_t uid) = 0;
  // Those of a tenant with a uid below `before`, newest first, at most `limit`.
  virtual absl::StatusOr<std::vector<ReplayRecord>> List(int64_t tenant_uid,
                                                         int64_t before,
                                                         int limit) = 0;
  // Of all tenants, oldest first.
  virtual absl::StatusOr<std::vector<ReplayRecord>> ListRunning() = 0;

  // Notes how far it has come. The counts are noted in any case, the rest only
  // while it is running. Returns the state that it is in then; NOT_FOUND as in
  // Get.
  virtual absl::StatusOr<ReplayState> Update(const ReplayRecord& replay) = 0;
  // From kRunning to kCancelled; what has ended stays as it is. NOT_FOUND as in
  // Get.
  virtual absl::StatusOr<ReplayRecord> Cancel(int64_t tenant_uid, int64_t uid,
                                              absl::Time now) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_REPLAY_STORE_H_
