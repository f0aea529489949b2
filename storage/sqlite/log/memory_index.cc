#include "storage/sqlite/log/memory_index.h"

#include <algorithm>
#include <iterator>

namespace mqttpush {
namespace {

bool OfEvents(Dimension dimension) {
  return dimension < Dimension::kAttemptsOfTenant;
}

bool ByStartTime(Dimension dimension) {
  return !OfEvents(dimension) && dimension < Dimension::kAttemptsOfDelivery;
}

bool IsChained(Dimension dimension) {
  return dimension == Dimension::kEventById ||
         dimension == Dimension::kAttemptsOfDelivery;
}

}  // namespace

MemoryIndex::MemoryIndex(int64_t first_event_seq, int64_t first_attempt_seq)
    : first_event_seq_(first_event_seq), first_attempt_seq_(first_attempt_seq) {
  MutexLock lock(&mutex_);
  summary_.last_event_seq = first_event_seq - 1;
  summary_.last_attempt_seq = first_attempt_seq - 1;
}

void MemoryIndex::Add(const IndexedRows& rows) {
  MutexLock lock(&mutex_);
  for (const IndexedEvent& event : rows.events) AddEvent(event);
  for (const IndexedAttempt& attempt : rows.attempts) AddAttempt(attempt);
  for (const IndexedException& exception : rows.exceptions) {
    const bool is_new =
        exceptions_[exception.tenant_uid]
            .insert({exception.event_seq, exception.subscription_uid})
            .second;
    summary_.exception_seqs.Include(exception.event_seq);
    if (is_new && !exception.carried) ++exception_count_;
  }
}

void MemoryIndex::AddEvent(const IndexedEvent& event) {
  const uint32_t row = static_cast<uint32_t>(event.seq - first_event_seq_);
  events_.push_back({event.facts.asset_key, event.facts.accept_time_us,
                     static_cast<uint32_t>(event.facts.payload_bytes),
                     event.facts.type});
  AddToChain(Dimension::kEventById, event.id_key, row);
  AddToList(Dimension::kEventsOfTenant, event.tenant_uid, row);
  AddToList(Dimension::kEventsOfAsset, event.facts.asset_key, row);
  AddToList(Dimension::kEventsOfType,
            TypeKey(event.tenant_uid, event.facts.type), row);
  for (int64_t uid : event.subscription_uids) {
    AddToList(Dimension::kEventsOfSubscription, uid, row);
    ++summary_.tallies[uid].events;
  }
  summary_.last_event_seq = event.seq;
  summary_.accept_times_us.Include(event.facts.accept_time_us);
}

void MemoryIndex::AddAttempt(const IndexedAttempt& attempt) {
  const uint32_t row =
      static_cast<uint32_t>(attempt.attempt_seq - first_attempt_seq_);
  start_times_us_.push_back(attempt.start_time_us);
  attempted_seqs_.push_back(attempt.event_seq);
  AddToChain(Dimension::kAttemptsOfDelivery,
             DeliveryKeyOf(attempt.event_seq, attempt.subscription_uid), row);
  attempts_of_tenant_[attempt.tenant_uid].push_back(row);
  AddToList(Dimension::kAttemptsOfTenant, attempt.tenant_uid, row);
  AddToList(Dimension::kAttemptsOfSubscription, attempt.subscription_uid, row);
  AddToList(Dimension::kAttemptsOfTopic, attempt.topic_key, row);
  AddToList(Dimension::kDeliveriesOfTopic, attempt.topic_key, row);
  if (attempt.event.has_value()) {
    AddToList(Dimension::kAttemptsOfAsset, attempt.event->asset_key, row);
    AddToList(Dimension::kAttemptsOfType,
              TypeKey(attempt.tenant_uid, attempt.event->type), row);
  }
  AddToList(attempt.succeeded ? Dimension::kSuccessesOfTenant
                              : Dimension::kFailedAttemptsOfTenant,
            attempt.tenant_uid, row);
  SubscriptionTally& tally = summary_.tallies[attempt.subscription_uid];
  if (attempt.succeeded) ++tally.successes;
  tally.attempted_seqs.Include(attempt.event_seq);
  summary_.last_attempt_seq = attempt.attempt_seq;
  summary_.start_times_us.Include(attempt.start_time_us);
  summary_.attempted_seqs.Include(attempt.event_seq);
}

// The lists call it under the lock that their owner holds, which the analysis
// cannot see.
auto MemoryIndex::PostingsBy(Dimension dimension) const {
  return [this, dimension](uint32_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return PostingOf(dimension, row);
  };
}

void MemoryIndex::AddToList(Dimension dimension, int64_t key, uint32_t row) {
  lists_[dimension][key].Add(row, PostingsBy(dimension));
}

void MemoryIndex::AddToChain(Dimension dimension, int64_t key, uint32_t row) {
  Chains& chains = chains_[dimension];
  const auto [newest, inserted] = chains.newest.try_emplace(key, row);
  if (inserted) return;
  chains.previous[row] = newest->second;
  newest->second = row;
}

RowList* MemoryIndex::FindList(Dimension dimension, int64_t key) const {
  const auto lists = lists_.find(dimension);
  if (lists == lists_.end()) return nullptr;
  const auto list = lists->second.find(key);
  return list == lists->second.end() ? nullptr : &list->second;
}

Posting MemoryIndex::PostingOf(Dimension dimension, uint32_t row) const {
  if (OfEvents(dimension)) {
    const int64_t seq = first_event_seq_ + row;
    return {seq, seq};
  }
  const int64_t attempt_seq = first_attempt_seq_ + row;
  if (ByStartTime(dimension)) return {start_times_us_[row], attempt_seq};
  if (dimension == Dimension::kAttemptsOfDelivery) {
    return {attempt_seq, attempt_seq};
  }
  return {attempted_seqs_[row], attempt_seq};
}

std::vector<Posting> MemoryIndex::Chained(Dimension dimension,
                                          int64_t key) const {
  std::vector<Posting> postings;
  const auto found = chains_.find(dimension);
  if (found == chains_.end()) return postings;
  const Chains& chains = found->second;
  const auto newest = chains.newest.find(key);
  if (newest == chains.newest.end()) return postings;
  uint32_t row = newest->second;
  while (true) {
    postings.push_back(PostingOf(dimension, row));
    const auto previous = chains.previous.find(row);
    if (previous == chains.previous.end()) return postings;
    row = previous->second;
  }
}

absl::StatusOr<std::vector<Posting>> MemoryIndex::Before(Dimension dimension,
                                                         int64_t key,
                                                         Posting before,
                                                         size_t limit) {
  MutexLock lock(&mutex_);
  if (IsChained(dimension)) {
    std::vector<Posting> postings = Chained(dimension, key);
    std::erase_if(postings, [&](const Posting& p) { return p >= before; });
    if (postings.size() > limit) postings.resize(limit);
    return postings;
  }
  if (dimension == Dimension::kExceptionsOfTenant) {
    std::vector<Posting> postings;
    const auto all = exceptions_.find(key);
    if (all == exceptions_.end()) return postings;
    auto at = all->second.lower_bound(before);
    while (at != all->second.begin() && postings.size() < limit) {
      postings.push_back(*--at);
    }
    return postings;
  }
  RowList* list = FindList(dimension, key);
  if (list == nullptr) return std::vector<Posting>();
  return list->Before(before, limit, PostingsBy(dimension));
}

absl::StatusOr<std::vector<Posting>> MemoryIndex::After(Dimension dimension,
                                                        int64_t key,
                                                        Posting after,
                                                        size_t limit) {
  MutexLock lock(&mutex_);
  if (IsChained(dimension)) {
    std::vector<Posting> postings = Chained(dimension, key);
    std::reverse(postings.begin(), postings.end());
    std::erase_if(postings, [&](const Posting& p) { return p <= after; });
    if (postings.size() > limit) postings.resize(limit);
    return postings;
  }
  if (dimension == Dimension::kExceptionsOfTenant) {
    std::vector<Posting> postings;
    const auto all = exceptions_.find(key);
    if (all == exceptions_.end()) return postings;
    for (auto at = all->second.upper_bound(after);
         at != all->second.end() && postings.size() < limit; ++at) {
      postings.push_back(*at);
    }
    return postings;
  }
  RowList* list = FindList(dimension, key);
  if (list == nullptr) return std::vector<Posting>();
  return list->After(after, limit, PostingsBy(dimension));
}

std::vector<int64_t> MemoryIndex::AttemptsOfTenantAfter(int64_t tenant_uid,
                                                        int64_t attempt_seq,
                                                        size_t limit) const {
  MutexLock lock(&mutex_);
  std::vector<int64_t> found;
  const auto rows = attempts_of_tenant_.find(tenant_uid);
  if (rows == attempts_of_tenant_.end()) return found;
  auto at = std::partition_point(
      rows->second.begin(), rows->second.end(),
      [&](uint32_t row) { return first_attempt_seq_ + row <= attempt_seq; });
  for (; at != rows->second.end() && found.size() < limit; ++at) {
    found.push_back(first_attempt_seq_ + *at);
  }
  return found;
}

std::optional<EventFacts> MemoryIndex::FindEvent(int64_t seq) const {
  MutexLock lock(&mutex_);
  const int64_t row = seq - first_event_seq_;
  if (row < 0 || row >= static_cast<int64_t>(events_.size())) {
    return std::nullopt;
  }
  const StoredFacts& facts = events_[row];
  return EventFacts{facts.asset_key, facts.type, facts.accept_time_us,
                    facts.payload_bytes};
}

SegmentSummary MemoryIndex::Summary() const {
  MutexLock lock(&mutex_);
  return summary_;
}

SegmentSummary MemoryIndex::SummaryWithoutTallies() const {
  MutexLock lock(&mutex_);
  return {.last_event_seq = summary_.last_event_seq,
          .last_attempt_seq = summary_.last_attempt_seq,
          .accept_times_us = summary_.accept_times_us,
          .start_times_us = summary_.start_times_us,
          .attempted_seqs = summary_.attempted_seqs,
          .exception_seqs = summary_.exception_seqs};
}

SubscriptionTally MemoryIndex::TallyOf(int64_t subscription_uid) const {
  MutexLock lock(&mutex_);
  return summary_.TallyOf(subscription_uid);
}

int64_t MemoryIndex::row_count() const {
  MutexLock lock(&mutex_);
  return static_cast<int64_t>(events_.size() + start_times_us_.size()) +
         exception_count_;
}

std::vector<Dimension> MemoryIndex::Dimensions() const {
  MutexLock lock(&mutex_);
  std::vector<Dimension> dimensions;
  for (const auto& [dimension, lists] : lists_) dimensions.push_back(dimension);
  for (const auto& [dimension, chains] : chains_) {
    dimensions.push_back(dimension);
  }
  if (!exceptions_.empty()) {
    dimensions.push_back(Dimension::kExceptionsOfTenant);
  }
  std::sort(dimensions.begin(), dimensions.end());
  return dimensions;
}

// A step is one posting. The containers are as they were when it has the lock
// again: the segment takes no more rows.
class ABSL_SCOPED_LOCKABLE MemoryIndex::LockInSteps {
 public:
  LockInSteps(Mutex* mutex, absl::FunctionRef<void()> between)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex), between_(between) {
    mutex_->Lock();
  }
  ~LockInSteps() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }

  void Step() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (--steps_left_ > 0) return;
    steps_left_ = kPostingsAtOnce;
    mutex_->Unlock();
    between_();
    mutex_->Lock();
  }

 private:
  Mutex* const mutex_;
  const absl::FunctionRef<void()> between_;
  int steps_left_ = kPostingsAtOnce;
};

void MemoryIndex::AddChained(Dimension dimension, LockInSteps& lock,
                             std::vector<KeyedPosting>& all) const {
  const auto found = chains_.find(dimension);
  if (found == chains_.end()) return;
  const Chains& chains = found->second;
  for (auto [key, row] : chains.newest) {
    while (true) {
      all.push_back({key, PostingOf(dimension, row)});
      lock.Step();
      const auto previous = chains.previous.find(row);
      if (previous == chains.previous.end()) break;
      row = previous->second;
    }
  }
}

// Without sorting the lists first, which would take long. A list that a read
// has sorted in between is taken anew; it cannot happen again.
void MemoryIndex::AddListed(Dimension dimension, LockInSteps& lock,
                            std::vector<KeyedPosting>& all) const {
  const auto lists = lists_.find(dimension);
  if (lists == lists_.end()) return;
  for (const auto& [key, list] : lists->second) {
    const size_t from = all.size();
    size_t settled = 0;
    do {
      all.resize(from);
      settled = list.settled();
      for (uint32_t row : list.rows()) {
        all.push_back({key, PostingOf(dimension, row)});
        lock.Step();
      }
    } while (list.settled() != settled);
  }
}

void MemoryIndex::AddExceptions(LockInSteps& lock,
                                std::vector<KeyedPosting>& all) const {
  for (const auto& [key, postings] : exceptions_) {
    for (const Posting& posting : postings) {
      all.push_back({key, posting});
      lock.Step();
    }
  }
}

std::vector<KeyedPosting> MemoryIndex::Sorted(
    Dimension dimension, absl::FunctionRef<void()> between) const {
  std::vector<KeyedPosting> all;
  all.reserve(static_cast<size_t>(row_count()));
  {
    LockInSteps lock(&mutex_, between);
    if (IsChained(dimension)) {
      AddChained(dimension, lock, all);
    } else if (dimension == Dimension::kExceptionsOfTenant) {
      AddExceptions(lock, all);
    } else {
      AddListed(dimension, lock, all);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace mqttpush
