// SubscriptionQueue: which events of one subscription are to be sent, are with
// a worker, or are done. Pure: it reads no log and no clock and sends nothing.
//
// Nothing waits in memory: what is to be sent is read from the log when there
// is room for it. In memory are only events that are with a worker, done ahead
// of an earlier one, or retrying. A message that comes back unsent or with its
// link lost moves the read position back to before it, so that it is read, and
// sent, before anything later.
#ifndef MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_QUEUE_H_
#define MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_QUEUE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"

namespace mqttpush {

// Thread-compatible: dispatch uses it on its loop only.
class SubscriptionQueue {
 public:
  // More retrying deliveries than this hold new ones back, so that a broker
  // that refuses everything costs bounded memory.
  static constexpr size_t kMaxRetrying = 10000;
  // From the oldest event that has not ended to the newest that was sent: more
  // holds new ones back, so that one message that is never answered while those
  // behind it are costs bounded memory, and so does reading from it on again.
  static constexpr size_t kMaxSpan = 10000;             // events
  static constexpr size_t kMaxSpanBytes = 64ull << 20;  // of payload

  // Starts where the last committed update left off. Retrying events that were
  // with a worker then still count as sent: the caller settles them, and what
  // lies up to `sent_through`, with Returned().
  explicit SubscriptionQueue(const SubscriptionRecovery& recovery);

  // The log may hold events that are to be sent; read them after
  // read_position().
  bool wants_events() const {
    return !at_end_ && retries_.size() < kMaxRetrying && has_room();
  }
  // What is next was taken before, or the span may still grow.
  bool has_room() const {
    return read_position_ < known_through_ || !span_is_full();
  }
  // The log held nothing more when it was last read.
  bool at_end() const { return at_end_; }
  int64_t read_position() const { return read_position_; }
  // New events were appended.
  void NoteAppended() { at_end_ = false; }
  // Takes what was read after read_position(), as far as the span allows, and
  // returns those of it that are to be sent now; they count as sent.
  std::vector<EventRecord> TakeToSend(EventLog::NextEvents next);

  // The retrying event that is due first; absent when none is due at `now`. A
  // time that the schedule cannot have given, because the clock was set back
  // since, counts as due.
  std::optional<int64_t> DueRetry(absl::Time now) const;
  // When the next retry is due; InfiniteFuture when none is.
  absl::Time next_retry_time() const;
  // It counts as sent.
  void RetrySent(int64_t event_seq);
  // All retrying events that are not sent are due at `now`.
  void RetryNow(absl::Time now);
  // The retrying event of the lowest seq that is not sent.
  std::optional<int64_t> FirstUnsentRetry() const;
  // The same of those that a person wants, or that nobody does.
  std::optional<int64_t> FirstUnsentRetry(bool requested) const;

  // How a sent message ended. `attempted`: it may have reached the wire, and an
  // attempt is recorded.
  void Succeeded(int64_t event_seq);
  void Returned(int64_t event_seq, bool attempted);
  // The connection or a process ended after it may have reached the wire.
  // At QoS 0 that is the end, because it must not be sent twice: parked.
  void Lost(int64_t event_seq, Qos qos, absl::Time now);
  // `answered`: by the broker, with no, which its attempt says.
  void RetryAt(int64_t event_seq, absl::Time time, bool answered);
  // `refused`: by the broker just now.
  void Parked(int64_t event_seq, absl::Time now, bool refused = false);

  // A person wants one that is done sent again: due at `now`. `ended` is the
  // delivery as the log has it, DELIVERED or PARKED.
  void Reopen(const DeliveryRow& ended, absl::Time now);
  // Whether there is room for one more: those must not hold back new events.
  bool may_reopen() const { return retries_.size() < kMaxRetrying / 2; }
  // Since when a person has wanted it sent again; absent when nobody has.
  std::optional<absl::Time> request_time(int64_t event_seq) const;

  // EXPIRED or DISCARDED, as its reason says (not kNone): an event that is not
  // with a worker, though it may have been taken to be sent.
  void Ended(int64_t event_seq, const Ending& ending, absl::Time now);

  // Attempts that ended so far, of an event that is with a worker or has been.
  int attempt_count(int64_t event_seq) const;
  // Those of them that the broker answered with no; what the retry schedule
  // goes by.
  int rejection_count(int64_t event_seq) const;
  // Neither sent nor done, and not retrying.
  bool Waits(int64_t event_seq) const;
  // Delivered, parked, expired or discarded; perhaps only in an update that is
  // not on disk yet.
  bool IsDone(int64_t event_seq) const;
  // How it ended at its last send may be known to a session and not yet to the
  // log: it is not done, and its last attempt is no answer of the broker's.
  bool MayHaveEnded(int64_t event_seq) const;
  // Nothing is left to be sent, with a worker, or retrying.
  bool finished() const {
    return at_end_ && retries_.empty() && sent_count_ == 0;
  }
  // How many events above the cursor are kept in memory.
  size_t ahead_count() const { return items_.size(); }
  // How many are with a worker.
  int sent_count() const { return sent_count_; }
  std::vector<int64_t> ListSent() const;

  // The changes since the last call, as one update; the caller adds the
  // attempts.
  DeliveryUpdate TakeUpdate();

 private:
  enum class ItemState { kUnsent, kSent, kResolved };
  // An event above the cursor that was read once and is no exception.
  struct Item {
    ItemState state = ItemState::kUnsent;
    int attempt_count = 0;
    size_t bytes = 0;  // of the payload; 0: not read since the start
  };
  struct Retry {
    bool sent = false;
    int attempt_count = 0;
    int rejection_count = 0;
    absl::Time time;
    bool answered = false;  // its last attempt was, and is recorded as such
    absl::Time request_time = absl::UnixEpoch();  // as DeliveryException
  };

  bool span_is_full() const {
    return items_.size() >= kMaxSpan || span_bytes_ >= kMaxSpanBytes;
  }
  void PutRetry(int64_t event_seq, const Retry& retry);
  // Out of what is unsent, sent or retrying; the caller puts the exception.
  void Resolve(int64_t event_seq);
  void AdvanceCursor();
  int64_t SentThrough() const;

  int64_t cursor_;
  int64_t read_position_;
  int64_t highest_read_;   // every event at or below is in items_, or resolved
  int64_t known_through_;  // taken up to here, perhaps before a restart
  bool at_end_ = false;
  size_t span_bytes_ = 0;  // of items_
  int sent_count_ = 0;
  std::map<int64_t, Item> items_;
  std::map<int64_t, Retry> retries_;
  std::set<std::pair<absl::Time, int64_t>> due_;  // the unsent ones of retries_
  DeliveryUpdate update_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_QUEUE_H_
