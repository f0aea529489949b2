// MemoryIndex: the index of the newest segment, and of those that are not
// sealed yet, in memory.
//
// Costs some 145 bytes for an event with one attempt, reckoned from its
// structures.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_MEMORY_INDEX_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_MEMORY_INDEX_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "common/mutex.h"
#include "storage/records.h"
#include "storage/sqlite/log/posting_index.h"
#include "storage/sqlite/log/row_list.h"
#include "storage/sqlite/log/segment_summary.h"

namespace mqttpush {

// What attempts need to know of their event.
struct EventFacts {
  int64_t asset_key = 0;  // TextKey of the asset id
  ObjectType type = ObjectType::kAsset;
  int64_t accept_time_us = 0;
  int64_t payload_bytes = 0;
  bool operator==(const EventFacts&) const = default;
};

// What the index keeps of a row.
struct IndexedEvent {
  int64_t seq = 0;
  int64_t tenant_uid = 0;
  int64_t id_key = 0;  // TextKey of the event id
  EventFacts facts;
  std::vector<int64_t> subscription_uids;
};
struct IndexedAttempt {
  int64_t attempt_seq = 0;
  int64_t tenant_uid = 0;
  int64_t subscription_uid = 0;
  int64_t event_seq = 0;
  int64_t start_time_us = 0;
  bool succeeded = false;
  int64_t topic_key = 0;  // TextKey of the topic
  // Of its event; absent when that is not in the log any more.
  std::optional<EventFacts> event;
};
struct IndexedException {
  int64_t tenant_uid = 0;
  int64_t event_seq = 0;
  int64_t subscription_uid = 0;
  bool carried = false;  // the segment began with it
};
// What one commit added, in the order of the seqs.
struct IndexedRows {
  std::vector<IndexedEvent> events;
  std::vector<IndexedAttempt> attempts;
  std::vector<IndexedException> exceptions;
};

// Thread-safe.
class MemoryIndex : public PostingIndex {
 public:
  // Of a segment that begins with these, and is empty.
  MemoryIndex(int64_t first_event_seq, int64_t first_attempt_seq);

  void Add(const IndexedRows& rows) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::StatusOr<std::vector<Posting>> Before(Dimension dimension, int64_t key,
                                              Posting before,
                                              size_t limit) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::vector<Posting>> After(Dimension dimension, int64_t key,
                                             Posting after,
                                             size_t limit) override
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The attempt_seqs of a tenant's attempts after `attempt_seq`, in order, at
  // most `limit`. Not of sealed segments: only who follows the newest attempts
  // needs to find them without looking at the others.
  std::vector<int64_t> AttemptsOfTenantAfter(int64_t tenant_uid,
                                             int64_t attempt_seq,
                                             size_t limit) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Of an event of this segment; absent for others.
  std::optional<EventFacts> FindEvent(int64_t seq) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  SegmentSummary Summary() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Without the tallies, which are many.
  SegmentSummary SummaryWithoutTallies() const ABSL_LOCKS_EXCLUDED(mutex_);
  SubscriptionTally TallyOf(int64_t subscription_uid) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Events, attempts, and deliveries with exceptions, but for those with which
  // the segment began: these would make it full again and again.
  int64_t row_count() const ABSL_LOCKS_EXCLUDED(mutex_);

  // For sealing, when no rows are added any more: the dimensions that hold
  // anything, and all postings of one. Who reads meanwhile, the writer among
  // them, waits for kPostingsAtOnce at most; `between` is called after each so
  // many, when others can have the lock.
  static constexpr int kPostingsAtOnce = 4096;
  std::vector<Dimension> Dimensions() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<KeyedPosting> Sorted(
      Dimension dimension, absl::FunctionRef<void()> between = [] {}) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Rows of keys that have few: the newest of each key, and where a row has one
  // before it with the same key.
  struct Chains {
    absl::flat_hash_map<int64_t, uint32_t> newest;
    absl::flat_hash_map<uint32_t, uint32_t> previous;
  };
  using Lists = absl::flat_hash_map<int64_t, RowList>;
  // EventFacts in 24 bytes.
  struct StoredFacts {
    int64_t asset_key;
    int64_t accept_time_us;
    uint32_t payload_bytes;  // up to limits::kMaxPayloadBytes
    ObjectType type;
  };

  void AddEvent(const IndexedEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddAttempt(const IndexedAttempt& attempt)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddToList(Dimension dimension, int64_t key, uint32_t row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddToChain(Dimension dimension, int64_t key, uint32_t row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // nullptr: no rows have the key.
  RowList* FindList(Dimension dimension, int64_t key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // PostingOf of one dimension, for a RowList.
  auto PostingsBy(Dimension dimension) const;
  Posting PostingOf(Dimension dimension, uint32_t row) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Holds mutex_, but not for long at a time.
  class LockInSteps;
  // All postings of a dimension, in no order, by where it keeps them.
  void AddChained(Dimension dimension, LockInSteps& lock,
                  std::vector<KeyedPosting>& all) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddListed(Dimension dimension, LockInSteps& lock,
                 std::vector<KeyedPosting>& all) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddExceptions(LockInSteps& lock, std::vector<KeyedPosting>& all) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The postings of a key that has few, the last one first.
  std::vector<Posting> Chained(Dimension dimension, int64_t key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t first_event_seq_;
  const int64_t first_attempt_seq_;

  mutable Mutex mutex_;
  // A read sorts lists.
  mutable std::map<Dimension, Lists> lists_ ABSL_GUARDED_BY(mutex_);
  std::map<Dimension, Chains> chains_ ABSL_GUARDED_BY(mutex_);
  // Rows in the order of their commits, by tenant.
  absl::flat_hash_map<int64_t, std::vector<uint32_t>> attempts_of_tenant_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<int64_t, absl::btree_set<Posting>> exceptions_
      ABSL_GUARDED_BY(mutex_);
  int64_t exception_count_ ABSL_GUARDED_BY(mutex_) = 0;
  // By row. A deque takes what it holds; a vector up to twice, and thrice while
  // it grows.
  std::deque<StoredFacts> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<int64_t> start_times_us_ ABSL_GUARDED_BY(mutex_);
  std::deque<int64_t> attempted_seqs_ ABSL_GUARDED_BY(mutex_);
  SegmentSummary summary_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_MEMORY_INDEX_H_
