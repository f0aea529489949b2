// SqliteAttemptFollower: the AttemptFollower over the segments of the log.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_FOLLOWER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_FOLLOWER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/history_reader.h"
#include "storage/sqlite/log/attempt_window.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_store.h"

namespace mqttpush {

// Goes from window to window of the segments, by attempt_seq. Keeps no
// connection and no transaction between calls. Thread-compatible.
class SqliteAttemptFollower : public AttemptFollower {
 public:
  // As HistoryReader::FollowAttempts. `store` must outlive it.
  static absl::StatusOr<std::unique_ptr<AttemptFollower>> Make(
      SegmentStore* store, const HistoryQuery& query,
      std::optional<bool> succeeded, std::optional<int64_t> after, bool live);

  // As AttemptJournal::Follow.
  static std::unique_ptr<AttemptFollower> MakeBetween(SegmentStore* store,
                                                      const HistoryQuery& query,
                                                      int64_t after,
                                                      int64_t through);

  absl::StatusOr<FollowedAttempts> Next(int limit) override;

 private:
  SqliteAttemptFollower(SegmentStore* store, const HistoryQuery& query,
                        std::optional<bool> succeeded, int64_t position,
                        int64_t until);
  absl::StatusOr<FollowedAttempts> Read(int limit);
  // The window's segment; nullptr once all of it was given out, or when the
  // segment is not in the log any more, and with it what was left.
  const Segment* SegmentOfWindow(const ReadSession& session) const;
  // Goes to the next window that holds anything; nullptr: there is none.
  absl::StatusOr<const Segment*> NextWindow(ReadSession& session);
  // The next segment with attempts after the position.
  const Segment* NextSegment(const ReadSession& session) const;
  // Rows of the window, from its segment.
  absl::Status TakeRows(ReadSession& session, const Segment& segment, int limit,
                        FollowedAttempts& next);
  absl::StatusOr<std::optional<AttemptRow>> ReadRow(ReadSession& session,
                                                    const Segment& segment,
                                                    int64_t attempt_seq);
  // Absent: it is not one of the tenant.
  const std::optional<std::string>& SubscriptionId(int64_t uid);

  SegmentStore* const store_;
  const HistoryQuery query_;
  const std::optional<bool> succeeded_;
  const int64_t until_;  // the last attempt_seq to look at
  AttemptWindows windows_;
  AttemptWindow window_;
  size_t at_ = 0;  // in the window
  int64_t position_;
  bool gap_ = false;  // passed over, and not told yet
  std::map<int64_t, std::optional<std::string>> subscription_ids_;  // by uid
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_FOLLOWER_H_
