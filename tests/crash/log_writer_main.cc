// mqttpush-crash-writer: writes into a log until it is killed, and notes in a
// ledger what it hands in and what is acknowledged.
//
//   mqttpush-crash-writer DIRECTORY LEDGER_FD SEED FIRST_EVENT SEGMENT_ROWS
//                         OPERATIONS RETENTION_BYTES PART COUNT
//
// DIRECTORY holds log.db, if that is to be imported, and the log. PART and
// COUNT are the KillPoint; COUNT 0 is none. Lines of the ledger:
//   open EVENT ATTEMPT DIFFERENCES     once the log is open: its last seqs, and
//                                      what its audit finds
//   do OPERATION                       before it is handed in
//   done N OUTCOMES                    the N-th was acknowledged
//   failed N REASON
//   killed PART CALL FILE, or end COUNTS
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/mutex.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/legacy_log.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/crash/kill_point.h"
#include "tests/crash/log_operations.h"
#include "tests/support/stepping_clock.h"

namespace mqttpush::crash {
namespace {

constexpr int kMaxUnderWay = 6;  // operations

// So often a minute passes at once, after which retention is looked after.
constexpr int64_t kOperationsPerMinute = 12;

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "crash writer: %s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename Value>
Value Check(absl::StatusOr<Value> value) {
  if (!value.ok()) Fail(value.status());
  return *std::move(value);
}

int64_t Number(const char* text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) std::exit(2);
  return number;
}

Part PartOf(absl::string_view name) {
  for (Part part : kParts) {
    if (PartName(part) == name) return part;
  }
  std::exit(2);
}

// A line is one write, whole or not at all.
class Ledger {
 public:
  explicit Ledger(int fd) : fd_(fd) {}
  void Write(const std::string& line) const {
    const std::string text = line + "\n";
    if (write(fd_, text.data(), text.size()) < 0) std::exit(3);
  }

 private:
  const int fd_;
};

// Delivers the events of one subscription, as dispatch would.
class Deliverer {
 public:
  Deliverer(SqliteEventLog* log, int64_t uid) : log_(log), uid_(uid) {
    const SubscriptionRecovery recovery = Check(log->Recover(uid));
    cursor_ = position_ = recovery.state.cursor;
    for (const DeliveryException& exception : recovery.exceptions) {
      if (exception.state != DeliveryState::kRetrying) continue;
      retrying_[exception.event_seq] = exception.attempt_count;
    }
    if (recovery.attempted.empty()) return;
    position_ = recovery.attempted.back().event_seq;
    held_ =
        Check(log->ReadNext(TenantOf(uid), uid, cursor_, 1)).events.front().seq;
  }

  // An update with at least one attempt; nullopt when there is nothing to do.
  // What ended of the events from `oldest` on may be asked for again.
  std::optional<DeliveryUpdate> Next(std::mt19937& random, int64_t oldest) {
    DeliveryUpdate update = {.subscription_uid = uid_};
    if (held_ != 0) {
      Succeed(held_, 1, update);
      held_ = 0;
      cursor_ = position_;
    } else if (!retrying_.empty() && random() % 2 == 0) {
      RetrySome(random, update);
    } else if (!TakeNew(random, update)) {
      return std::nullopt;
    }
    if (random() % 4 == 0) Reopen(random, oldest, update);
    update.cursor = cursor_;
    update.sent_through = position_;
    return update;
  }

 private:
  void Succeed(int64_t seq, int number, DeliveryUpdate& update) {
    update.attempts.push_back(MakeAttempt(uid_, seq, number, true));
    ++update.newly_delivered;
    ended_[seq] = {DeliveryState::kDelivered, number};
  }
  void Park(int64_t seq, int attempts, DeliveryUpdate& update) {
    update.put_exceptions.push_back(
        MakeException(seq, DeliveryState::kParked, attempts));
    ++update.newly_parked;
    ended_[seq] = {DeliveryState::kParked, attempts};
  }
  // As a person would, who sees only what is on the disk.
  void Reopen(std::mt19937& random, int64_t oldest, DeliveryUpdate& update) {
    const auto first = ended_.lower_bound(oldest);
    const auto end = ended_.upper_bound(cursor_);
    if (oldest > cursor_ || first == end) return;
    const auto at = std::next(first, random() % std::distance(first, end));
    const auto [seq, ended] = *at;
    if (absl::c_any_of(update.attempts, [seq = seq](const AttemptRecord& one) {
          return one.event_seq == seq;
        })) {
      return;
    }
    --(ended.state == DeliveryState::kParked ? update.newly_parked
                                             : update.newly_delivered);
    update.reopened.push_back({seq, ended.state});
    update.put_exceptions.push_back(
        MakeException(seq, DeliveryState::kRetrying, ended.attempts));
    retrying_[seq] = ended.attempts;
    ended_.erase(at);
  }
  // Mostly the oldest ones, which keep segments from being dropped.
  void RetrySome(std::mt19937& random, DeliveryUpdate& update) {
    std::vector<int64_t> seqs;
    for (const auto& [seq, attempts] : retrying_) seqs.push_back(seq);
    const size_t first = random() % 4 == 0 ? random() % seqs.size() : 0;
    const size_t end = std::min(seqs.size(), first + 1 + random() % 20);
    for (size_t i = first; i < end; ++i) Retry(seqs[i], random, update);
  }
  void Retry(int64_t seq, std::mt19937& random, DeliveryUpdate& update) {
    const int number = ++retrying_[seq];
    if (random() % 2 == 0) {
      Succeed(seq, number, update);
      update.erase_exceptions.push_back(seq);
      retrying_.erase(seq);
      return;
    }
    update.attempts.push_back(MakeAttempt(uid_, seq, number, false));
    if (number < 4) {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kRetrying, number));
      return;
    }
    Park(seq, number, update);
    retrying_.erase(seq);
  }
  bool TakeNew(std::mt19937& random, DeliveryUpdate& update) {
    const auto next = Check(log_->ReadNext(
        TenantOf(uid_), uid_, position_, 1 + static_cast<int>(random() % 60)));
    if (next.events.empty()) return false;
    const bool hold = next.events.size() > 1 && random() % 4 == 0;
    for (const EventRecord& event : next.events) {
      position_ = event.seq;
      if (&event != &next.events.front()) {
        hold ? Succeed(event.seq, 1, update) : End(event.seq, random, update);
      } else if (hold) {
        held_ = event.seq;
      } else {
        Succeed(event.seq, 1, update);
      }
    }
    if (!hold) cursor_ = position_;
    return true;
  }
  void End(int64_t seq, std::mt19937& random, DeliveryUpdate& update) {
    const unsigned fate = random() % 11;
    if (fate < 7) return Succeed(seq, 1, update);
    if (fate == 7) {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kExpired, 0));
      ++update.newly_expired;
      return;
    }
    if (fate == 10) {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kDiscarded, 0));
      ++update.newly_discarded;
      return;
    }
    update.attempts.push_back(MakeAttempt(uid_, seq, 1, false));
    if (fate == 8) return Park(seq, 1, update);
    update.put_exceptions.push_back(
        MakeException(seq, DeliveryState::kRetrying, 1));
    retrying_[seq] = 1;
  }

  struct Ended {
    DeliveryState state;
    int attempts;
  };

  SqliteEventLog* const log_;
  const int64_t uid_;
  int64_t cursor_ = 0;
  int64_t position_ = 0;             // the last one that was handled
  int64_t held_ = 0;                 // the one that holds the cursor; 0: none
  std::map<int64_t, int> retrying_;  // with their attempts
  std::map<int64_t, Ended> ended_;   // by this process, DELIVERED or PARKED
};

// Hands in operations from one thread, a few of them under way at once.
class Writer {
 public:
  // `drops`: the log has a limit of size.
  Writer(SqliteEventLog* log, SteppingClock* clock, const Ledger* ledger,
         uint32_t seed, int64_t first_event, bool drops)
      : log_(log),
        clock_(clock),
        ledger_(ledger),
        drops_(drops),
        random_(seed),
        oldest_again_(drops ? first_event : 1),
        next_event_(first_event) {
    for (int64_t uid : kSubscriptions) deliverers_.emplace_back(log, uid);
  }

  void Run(int64_t operations) {
    for (int64_t n = 0; n < operations; ++n) {
      const bool steps = n % kOperationsPerMinute == kOperationsPerMinute - 1;
      if (steps) {
        WaitForAll();
        clock_->Advance(absl::Minutes(1));
      }
      HandInOne(n);
      if (!steps) continue;
      // Segments are dropped now, before anything else is written: an id that
      // was handed in before may be new again.
      WaitForAll();
      if (drops_) oldest_again_ = next_event_;
    }
    WaitForAll();
  }

 private:
  void WaitForAll() {
    MutexLock lock(&mutex_);
    while (under_way_ > 0) changed_.Wait(&mutex_);
  }
  void HandInOne(int64_t n) {
    Deliverer& deliverer = deliverers_[random_() % deliverers_.size()];
    std::optional<DeliveryUpdate> update;
    if (random_() % 5 < 3) update = deliverer.Next(random_, OldestToReopen());
    if (update.has_value()) {
      HandIn(n, *std::move(update));
    } else {
      HandIn(n, SomeEvents());
    }
  }
  // Of others the event may be dropped before they are open again.
  int64_t OldestToReopen() const {
    return drops_ ? log_->store()->list().Get()->back()->first_event_seq : 1;
  }
  // New ones and, now and then, one that was handed in before.
  std::vector<int64_t> SomeEvents() {
    std::vector<int64_t> events;
    for (unsigned count = 1 + random_() % 20; count > 0; --count) {
      events.push_back(next_event_++);
      if (random_() % 10 > 0) continue;
      events.push_back(oldest_again_ +
                       random_() % (next_event_ - oldest_again_));
    }
    return events;
  }
  void HandIn(int64_t n, Operation operation) {
    {
      MutexLock lock(&mutex_);
      while (under_way_ == kMaxUnderWay) changed_.Wait(&mutex_);
      ++under_way_;
    }
    ledger_->Write("do " + Encode(operation));
    if (auto* update = std::get_if<DeliveryUpdate>(&operation)) {
      log_->Commit({std::move(*update)}, [this, n](absl::Status status) {
        Acknowledged(n, status, "ok");
      });
      return;
    }
    std::vector<NewEvent> events;
    for (int64_t number : std::get<std::vector<int64_t>>(operation)) {
      events.push_back(MakeEventOf(number));
    }
    log_->Append(std::move(events), [this, n](auto outcomes) {
      std::string words;
      if (outcomes.ok()) {
        for (AppendOutcome outcome : *outcomes) {
          words += outcome == AppendOutcome::kAccepted ? '+' : '=';
        }
      }
      Acknowledged(n, outcomes.status(), words);
    });
  }
  void Acknowledged(int64_t n, const absl::Status& status,
                    const std::string& outcomes) {
    ledger_->Write(status.ok()
                       ? absl::StrCat("done ", n, " ", outcomes)
                       : absl::StrCat("failed ", n, " ", status.message()));
    MutexLock lock(&mutex_);
    --under_way_;
    changed_.Signal();
  }

  SqliteEventLog* const log_;
  SteppingClock* const clock_;
  const Ledger* const ledger_;
  const bool drops_;
  std::mt19937 random_;
  int64_t oldest_again_;  // of what is handed in twice
  int64_t next_event_;
  std::deque<Deliverer> deliverers_;
  Mutex mutex_;
  CondVar changed_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::string OpenWords(SqliteEventLog* log) {
  const SegmentSummary bounds = log->store()->list().Get()->back()->Bounds();
  SqliteConservationAudit audit(log);
  while (true) {
    const auto report = Check(audit.Step());
    if (!report.has_value()) continue;
    return absl::StrCat("open ", bounds.last_event_seq, " ",
                        bounds.last_attempt_seq, " ",
                        report->differences.size());
  }
}

int Main(char** argv) {
  const std::string directory = argv[1];
  const int ledger_fd = static_cast<int>(Number(argv[2]));
  const Ledger ledger(ledger_fd);
  KillAt(PartOf(argv[8]), static_cast<int>(Number(argv[9])), ledger_fd);
  const int64_t retention_bytes = Number(argv[7]);
  SetPart(Part::kImport);
  const absl::Status imported =
      ImportLegacyLog(directory + "/log.db", directory + "/log");
  if (!imported.ok()) Fail(imported);
  SetPart(Part::kOpen);
  SteppingClock clock(absl::Now());
  auto log = Check(SqliteEventLog::Open(
      directory + "/log",
      {.segment_rows = Number(argv[5]), .retention_bytes = retention_bytes},
      &clock));
  SetPart(Part::kAnywhere);
  ledger.Write(OpenWords(log.get()));
  Writer(log.get(), &clock, &ledger, static_cast<uint32_t>(Number(argv[3])),
         Number(argv[4]), retention_bytes > 0)
      .Run(Number(argv[6]));
  SetPart(Part::kClose);
  log.reset();
  ledger.Write("end " + CountCalls());
  return 0;
}

}  // namespace
}  // namespace mqttpush::crash

int main(int argc, char** argv) {
  if (argc != 10) return 2;
  return mqttpush::crash::Main(argv);
}
