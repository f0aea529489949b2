// LogModel: what a log must hold after some operations, kept the simplest way,
// and whether a log does.
#ifndef MQTTPUSH_TESTS_CRASH_LOG_MODEL_H_
#define MQTTPUSH_TESTS_CRASH_LOG_MODEL_H_

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "storage/history_reader.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/crash/log_operations.h"

namespace mqttpush::crash {

// What is wrong, in words; empty: nothing.
using Findings = std::vector<std::string>;

// What is in the segments of a log, by the seqs that they begin and end with.
class Presence {
 public:
  explicit Presence(SqliteEventLog& log);
  bool HasEvent(int64_t seq) const { return Has(events_, seq); }
  bool HasAttempt(int64_t seq) const { return Has(attempts_, seq); }
  // Nothing was dropped that was written after the event of this seq.
  bool IsWhole(int64_t event_seq) const { return event_seq >= whole_from_; }
  int64_t event_count() const { return Count(events_); }
  int64_t attempt_count() const { return Count(attempts_); }
  // Of all that were ever written.
  int64_t last_event_seq() const { return events_.back().last; }
  int64_t last_attempt_seq() const { return attempts_.back().last; }

 private:
  static bool Has(const std::vector<Range>& ranges, int64_t seq);
  static int64_t Count(const std::vector<Range>& ranges);
  std::vector<Range> events_;
  std::vector<Range> attempts_;
  int64_t whole_from_ = 0;
};

class LogModel {
 public:
  // As the log answers an append: '+' for accepted, '=' for a duplicate; "ok"
  // for an update.
  std::string Apply(const Operation& operation);

  int64_t event_count() const { return static_cast<int64_t>(events_.size()); }
  int64_t attempt_count() const {
    return static_cast<int64_t>(attempts_.size());
  }

  // Compares all rows and states, and some queries that `random` chooses.
  Findings Compare(SqliteEventLog& log, std::mt19937& random) const;

  // Writes what it holds into an empty log.db of the newest schema.
  absl::Status WriteLegacyLog(Database& db) const;

 private:
  struct Delivery {
    DeliveryState state = DeliveryState::kWaiting;
    DeliveryException exception;   // of the states that have one
    std::vector<size_t> attempts;  // indexes into attempts_
  };
  struct Filter {
    HistoryQuery query;
    std::vector<DeliveryState> states;
    std::optional<bool> succeeded;
  };

  void ApplyUpdate(const DeliveryUpdate& update);
  Delivery& DeliveryOf(int64_t event_seq, int64_t uid) {
    return deliveries_[{event_seq, uid}];
  }
  Filter ChooseFilter(std::mt19937& random) const;
  bool MatchesEvent(const Filter& filter, const Presence& presence,
                    int64_t event_seq) const;
  // "seq-uid state attempts" and "attempt_seq", newest first.
  std::vector<std::string> Deliveries(const Filter& filter,
                                      const Presence& presence) const;
  std::vector<std::string> Attempts(const Filter& filter,
                                    const Presence& presence) const;

  void CompareEvents(SqliteEventLog& log, const Presence& presence,
                     Findings& findings) const;
  void CompareStates(SqliteEventLog& log, Findings& findings) const;
  void CompareAttempts(SqliteEventLog& log, Findings& findings) const;
  void CompareQueries(SqliteEventLog& log, const Presence& presence,
                      const Filter& filter, int page_size,
                      Findings& findings) const;
  void CompareAudit(SqliteEventLog& log, const Presence& presence,
                    Findings& findings) const;
  void CompareDuplicates(SqliteEventLog& log, const Presence& presence,
                         std::mt19937& random, Findings& findings) const;

  std::vector<int64_t> events_;  // numbers, by seq from 1
  std::set<int64_t> numbers_;
  std::vector<AttemptRecord> attempts_;  // by attempt_seq from 1
  std::map<int64_t, SubscriptionState> states_;
  std::map<std::pair<int64_t, int64_t>, Delivery> deliveries_;  // seq, uid
};

}  // namespace mqttpush::crash

#endif  // MQTTPUSH_TESTS_CRASH_LOG_MODEL_H_
