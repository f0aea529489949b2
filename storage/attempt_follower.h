// AttemptFollower: attempts in the order in which they were recorded, on and on
// as more of them are.
#ifndef MQTTPUSH_STORAGE_ATTEMPT_FOLLOWER_H_
#define MQTTPUSH_STORAGE_ATTEMPT_FOLLOWER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/records.h"

namespace mqttpush {

struct AttemptRow {
  AttemptRecord attempt;
  int64_t attempt_seq = 0;
  std::string subscription_id;
  // Of its event; empty when that is not in the log any more.
  std::string event_id;
  std::string asset_id;
  ObjectType object_type = ObjectType::kAsset;
  std::string object_id;
  std::string owner_id;
  int64_t payload_bytes = 0;
};

struct FollowedAttempts {
  std::vector<AttemptRow> rows;  // by rising attempt_seq
  // The attempt_seq up to which all that matched has been given out; what goes
  // on after it repeats nothing and leaves nothing out.
  int64_t position = 0;
  // Nothing is left of what was recorded when it was read.
  bool at_end = false;
  // What lay before these rows, after those given out earlier, is not in the
  // log any more.
  bool gap = false;
};

// Holds nothing of the log between calls but the numbers of some attempts.
// Thread-compatible.
class AttemptFollower {
 public:
  // The texts of so many rows; a row's own are at most some 70 KiB.
  static constexpr size_t kMaxBytes = 256 << 10;

  virtual ~AttemptFollower() = default;

  // The next rows: at most `limit`, none after their texts have come to
  // kMaxBytes, perhaps none at all. After an error it can be asked again.
  virtual absl::StatusOr<FollowedAttempts> Next(int limit) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_ATTEMPT_FOLLOWER_H_
