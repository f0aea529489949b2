#include "storage/sqlite/log/log_check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/conservation_count.h"
#include "storage/sqlite/log/log_retention.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/subscription_states.h"

namespace mqttpush {
namespace {

constexpr char kEventKeysSql[] =
    "SELECT tenant_uid, asset_id, object_type, accept_time_us, length(payload) "
    "FROM event WHERE seq = ?";

constexpr char kEventsAboveSql[] =
    "SELECT seq, subscription_uids FROM event WHERE seq > ? ORDER BY seq";

using Cursors = std::map<int64_t, int64_t>;  // by subscription uid

// Adds the events above the cursor of each subscription whose cursor lies
// within the segment.
absl::Status CountAbove(Database& db, const SegmentCheck& segment,
                        const Cursors& cursors,
                        std::map<int64_t, int64_t>& above) {
  Cursors within;
  int64_t lowest = segment.summary.last_event_seq;
  for (const auto& [uid, cursor] : cursors) {
    if (cursor < segment.first_event_seq) {
      above[uid] += segment.summary.TallyOf(uid).events;
    } else if (cursor < segment.summary.last_event_seq) {
      within[uid] = cursor;
      lowest = std::min(lowest, cursor);
    }
  }
  if (within.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kEventsAboveSql));
  select.Bind(0, lowest);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    for (int64_t uid : DecodeSubscriptionUids(select.Bytes(1))) {
      const auto cursor = within.find(uid);
      if (cursor != within.end() && select.Int64(0) > cursor->second) {
        ++above[uid];
      }
    }
  }
}

// Looks up events of one segment.
class EventReader {
 public:
  static absl::StatusOr<std::unique_ptr<EventReader>> Open(Database db) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kEventKeysSql));
    return std::unique_ptr<EventReader>(
        new EventReader(std::move(db), std::move(select)));
  }
  std::optional<EventFacts> Find(int64_t seq) {
    select_.Bind(0, seq);
    const absl::StatusOr<bool> row = select_.Step();
    if (!row.ok() || !*row) return std::nullopt;
    const EventFacts found = {
        .asset_key = TextKey(select_.Int64(0), select_.Bytes(1)),
        .type = static_cast<ObjectType>(select_.Int(2)),
        .accept_time_us = select_.Int64(3),
        .payload_bytes = select_.Int64(4)};
    select_.Reset();
    return found;
  }

 private:
  EventReader(Database db, Statement select)
      : db_(std::move(db)), select_(std::move(select)) {}
  Database db_;
  Statement select_;
};

class LogChecker {
 public:
  LogChecker(const std::string& directory, const DirectoryUse& use)
      : directory_(directory), use_(use) {}

  // Again while segments begin that are newer than the one taken for the
  // newest.
  absl::StatusOr<LogCheck> Run() {
    int64_t newest = FindNewestSegment(directory_, use_);
    while (true) {
      CheckThrough(newest);
      const int64_t newer = FindNewestSegment(directory_, use_);
      if (newer == newest) break;
      newest = newer;
    }
    if (newest != 0) {
      Count(checked_[newest].check);
      CheckOrder();
    }
    Audit();
    for (auto& [number, checked] : checked_) {
      log_.segments.push_back(std::move(checked.check));
    }
    ListSetAside();
    return std::move(log_);
  }

 private:
  struct Checked {
    SegmentCheck check;
    bool closed = false;  // nothing was added after it was checked
  };

  static bool Holds(const SegmentCheck& segment, int64_t seq) {
    return segment.counted && segment.first_event_seq <= seq &&
           seq <= segment.summary.last_event_seq;
  }

  void CheckThrough(int64_t newest) {
    found_in_ = nullptr;
    const std::vector<int64_t> numbers = ListSegments(directory_);
    std::erase_if(checked_, [&](const auto& entry) {
      return !std::binary_search(numbers.begin(), numbers.end(), entry.first);
    });
    for (int64_t number : numbers) {
      if (checked_.contains(number) && checked_[number].closed) continue;
      Checked checked;
      checked.check.number = number;
      checked.check.file = absl::StrFormat("log/%010d.db", number);
      checked.closed = number < newest;
      const bool there =
          number > newest || CheckOne(checked.check, number == newest);
      if (there) checked_[number] = std::move(checked);
    }
  }

  // False: it was dropped meanwhile.
  bool CheckOne(SegmentCheck& check, bool newest) {
    const std::string path = SegmentPath(directory_, check.number);
    constexpr int kTries = 3;
    for (int i = 0; i < kTries; ++i) {
      SegmentCheck tried = check;
      const bool written = HasWal(path);
      if (!TryOne(path, tried, newest)) return false;
      check = std::move(tried);
      // Otherwise sealing has begun while it was read as a file at rest.
      if (written || !use_.in_use || check.sealed || !HasWal(path)) break;
      if (i + 1 < kTries) check = {.number = check.number, .file = check.file};
    }
    return true;
  }
  bool TryOne(const std::string& path, SegmentCheck& check, bool newest) {
    auto db = OpenFromOutside(path, use_);
    if (absl::IsNotFound(db.status())) return false;
    absl::Status status = db.status();
    if (status.ok()) status = db->Execute("BEGIN");
    if (status.ok()) {
      CheckSegment(
          *db, path, [this](int64_t seq) { return FindEvent(seq); }, check);
      if (newest && check.counted) status = ReadNewest(*db, check);
    }
    if (status.ok()) return true;
    check.counted = false;
    check.findings.push_back(
        {check.file, std::string(status.message()), "it could not be checked"});
    return true;
  }

  // In the transaction in which the segment was checked.
  absl::Status ReadNewest(Database& db, const SegmentCheck& check) {
    SubscriptionStates states;
    MQTTPUSH_RETURN_IF_ERROR(ReadStates(db, states));
    recoveries_ = states.All();
    cursors_.clear();
    for (const SubscriptionRecovery& recovery : recoveries_) {
      cursors_[recovery.state.uid] = recovery.state.cursor;
    }
    above_in_newest_.clear();
    MQTTPUSH_RETURN_IF_ERROR(CountAbove(db, check, cursors_, above_in_newest_));
    MQTTPUSH_ASSIGN_OR_RETURN(log_.dropped, ReadDropped(db));
    return absl::OkStatus();
  }

  // Of an event of a segment that has been checked.
  std::optional<EventFacts> FindEvent(int64_t seq) {
    constexpr size_t kMaxReaders = 16;
    if (found_in_ == nullptr || !Holds(*found_in_, seq)) {
      const auto found = std::find_if(
          checked_.begin(), checked_.end(),
          [&](const auto& entry) { return Holds(entry.second.check, seq); });
      if (found == checked_.end()) return std::nullopt;
      found_in_ = &found->second.check;
    }
    const SegmentCheck* const segment = found_in_;
    std::unique_ptr<EventReader>& reader = readers_[segment->number];
    if (reader == nullptr) {
      if (readers_.size() > kMaxReaders) {
        readers_.clear();
        return FindEvent(seq);
      }
      auto db = OpenFromOutside(SegmentPath(directory_, segment->number), use_);
      if (!db.ok()) return std::nullopt;
      auto opened = EventReader::Open(*std::move(db));
      if (!opened.ok()) return std::nullopt;
      reader = *std::move(opened);
    }
    return reader->Find(seq);
  }

  void Count(const SegmentCheck& newest) {
    complete_ = newest.counted;
    for (auto& [number, checked] : checked_) {
      SegmentCheck& check = checked.check;
      check.dropped = check.began && IsDropped(number);
      check.holds_undelivered = HoldsUndelivered(check);
      if (number > newest.number || check.dropped) continue;
      complete_ = complete_ && (check.counted || !check.began) &&
                  (check.counted || check.findings.empty());
    }
  }

  bool IsDropped(int64_t number) const {
    return absl::c_linear_search(log_.dropped.numbers, number);
  }
  bool HoldsUndelivered(const SegmentCheck& check) const {
    Segment segment;
    segment.first_event_seq = check.first_event_seq;
    segment.summary = check.summary;
    return check.counted &&
           mqttpush::HoldsUndelivered(segment, FindUndelivered(recoveries_),
                                      [](int64_t, int64_t) { return true; });
  }

  // Each segment goes on where the one before it ended, but where retention has
  // dropped some in between, or the oldest ones.
  void CheckOrder() {
    // Tallies there are also of deliveries that were sent again.
    const bool dropped =
        !log_.dropped.numbers.empty() ||
        absl::c_any_of(log_.dropped.tallies, [](const auto& entry) {
          return entry.second.events > 0;
        });
    const SegmentCheck* before = nullptr;
    for (const auto& [number, checked] : checked_) {
      const SegmentCheck& check = checked.check;
      if (check.dropped || !check.began) continue;
      if (before != nullptr) {
        CompareOrder(*before, check);
      } else if (number != 1 && !dropped) {
        FindMissing(check, "is the first one, and nothing was dropped");
      }
      before = &check;
    }
    if (before != nullptr && before->sealed) {
      FindMissing(*before, "is sealed, and none comes after it");
    }
  }
  void FindMissing(const SegmentCheck& check, std::string what) {
    log_.findings.push_back(
        {check.file, std::move(what), "events and attempts are missing"});
  }
  void CompareOrder(const SegmentCheck& before, const SegmentCheck& check) {
    bool follows = true;  // nothing was dropped in between
    for (int64_t number = before.number + 1; number < check.number; ++number) {
      if (IsDropped(number)) {
        follows = false;
        continue;
      }
      FindMissing(check,
                  absl::StrCat("is the next after segment ", before.number));
      break;
    }
    if (!before.counted || !check.counted) return;
    const auto compare = [&](absl::string_view what, int64_t first,
                             int64_t expected) {
      if (follows ? first == expected : first >= expected) return;
      FindMissing(check, absl::StrCat("begins with ", what, " ", first,
                                      ", not ", expected));
    };
    compare("event", check.first_event_seq, before.summary.last_event_seq + 1);
    compare("attempt", check.first_attempt_seq,
            before.summary.last_attempt_seq + 1);
    const Range& earlier = before.summary.accept_times_us;
    const Range& later = check.summary.accept_times_us;
    if (earlier.empty() || later.empty() || later.first >= earlier.last) return;
    log_.findings.push_back(
        {check.file, "has events accepted before those of earlier segments",
         "the history by time may miss events"});
  }

  void Audit() {
    for (const SubscriptionRecovery& recovery : recoveries_) {
      log_.states.push_back(recovery.state);
    }
    if (!complete_) return;
    std::map<int64_t, int64_t> above = above_in_newest_;
    for (const auto& [number, checked] : checked_) {
      const SegmentCheck& check = checked.check;
      if (!check.counted || check.dropped) continue;
      log_.audit.events += check.events();
      log_.audit.attempts += check.attempts();
      if (!checked.closed) continue;  // the newest one
      auto db = OpenFromOutside(SegmentPath(directory_, number), use_);
      if (!db.ok() || !CountAbove(*db, check, cursors_, above).ok()) return;
    }
    for (const SubscriptionRecovery& recovery : recoveries_) {
      CompareOne(recovery, above[recovery.state.uid]);
    }
    log_.audit.subscriptions = static_cast<int64_t>(recoveries_.size());
    log_.audited = true;
    for (const ConservationDifference& found : log_.audit.differences) {
      log_.findings.push_back(
          {"log",
           absl::StrCat("subscription uid ", found.subscription_uid, " (",
                        found.subscription_id, ") states ", found.stated, " ",
                        found.count, ", the log holds ", found.counted),
           "events may have been lost, or counted wrongly"});
    }
  }
  void CompareOne(const SubscriptionRecovery& recovery, int64_t above) {
    const SubscriptionState& state = recovery.state;
    SubscriptionCounts counts;
    counts.above_cursor = above;
    counts.exceptions.retrying = state.retrying_count;
    std::set<int64_t> exceptions;
    for (const DeliveryException& exception : recovery.exceptions) {
      if (exception.event_seq > state.cursor) {
        exceptions.insert(exception.event_seq);
      }
    }
    counts.exceptions.above_cursor = static_cast<int64_t>(exceptions.size());
    for (const AttemptedEvent& attempted : recovery.attempted) {
      // One that is sent again is an exception.
      if (!attempted.delivered) continue;
      if (!exceptions.contains(attempted.event_seq)) ++counts.ahead;
    }
    const auto dropped = log_.dropped.tallies.find(state.uid);
    if (dropped != log_.dropped.tallies.end()) {
      counts.tally.AddCounts(dropped->second);
    }
    for (const auto& [number, checked] : checked_) {
      if (!checked.check.counted || checked.check.dropped) continue;
      counts.tally.AddCounts(checked.check.summary.TallyOf(state.uid));
    }
    CompareCounts(state, counts, log_.audit);
  }

  void ListSetAside() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(
             directory_ + "/set-aside", error)) {
      const std::string name = entry.path().filename();
      if (!absl::EndsWith(name, ".db")) continue;
      log_.set_aside.push_back(absl::StrCat("log/set-aside/", name));
    }
    std::sort(log_.set_aside.begin(), log_.set_aside.end());
    for (const std::string& file : log_.set_aside) {
      log_.findings.push_back(
          {file, "was set aside as damaged",
           "what it held is missing from the history, and not delivered"});
    }
  }

  const std::string& directory_;
  const DirectoryUse& use_;
  LogCheck log_;
  std::map<int64_t, Checked> checked_;  // by number
  std::map<int64_t, std::unique_ptr<EventReader>> readers_;
  const SegmentCheck* found_in_ = nullptr;  // the event asked for last
  bool complete_ = true;  // every segment that counts was counted
  // Of the newest segment.
  std::vector<SubscriptionRecovery> recoveries_;
  Cursors cursors_;
  std::map<int64_t, int64_t> above_in_newest_;
};

}  // namespace

absl::StatusOr<LogCheck> CheckLog(const std::string& directory,
                                  const DirectoryUse& use) {
  return LogChecker(directory, use).Run();
}

std::vector<int64_t> ListSegments(const std::string& directory) {
  constexpr absl::string_view kSuffix = ".db";
  std::vector<int64_t> numbers;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    int64_t number = 0;
    if (absl::EndsWith(name, kSuffix) &&
        absl::SimpleAtoi(absl::StripSuffix(name, kSuffix), &number)) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

int64_t FindNewestSegment(const std::string& directory,
                          const DirectoryUse& use) {
  const std::vector<int64_t> numbers = ListSegments(directory);
  for (auto at = numbers.rbegin(); at != numbers.rend(); ++at) {
    auto db = OpenFromOutside(SegmentPath(directory, *at), use);
    if (absl::IsNotFound(db.status())) continue;
    if (!db.ok()) return *at;
    const auto version = db->QueryInt64("PRAGMA user_version");
    if (!version.ok()) return *at;
    const auto began = db->QueryInt64("SELECT count(id) FROM segment");
    if (*version > 0 && (!began.ok() || *began == 1)) return *at;
  }
  return 0;
}

std::string SegmentPath(const std::string& directory, int64_t number) {
  return absl::StrFormat("%s/%010d.db", directory, number);
}

}  // namespace mqttpush
