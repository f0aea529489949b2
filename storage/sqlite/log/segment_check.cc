#include "storage/sqlite/log/segment_check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/directory_reading.h"
#include "storage/sqlite/log/page_checksum.h"
#include "storage/sqlite/log/posting_block.h"
#include "storage/sqlite/log/segment_sealing.h"

namespace mqttpush {
namespace {

constexpr char kDamaged[] =
    "the service sets the segment aside when it meets the damage; what it "
    "holds is then missing";
constexpr char kNotFound[] = "the history does not show these rows, or fails";
constexpr char kRepeats[] =
    "the history may not find it, a repeated event may not be recognised";
constexpr char kMiscounts[] = "the audit counts wrongly";

// The rows of a table whose numbers must be without a gap.
constexpr char kEventNumbersSql[] =
    "SELECT count(seq), min(seq), max(seq) FROM event";
constexpr char kAttemptNumbersSql[] =
    "SELECT count(attempt_seq), min(attempt_seq), max(attempt_seq) "
    "FROM attempt";

constexpr char kAcceptedEarlierSql[] =
    "SELECT seq FROM (SELECT seq, accept_time_us, lag(accept_time_us) "
    "OVER (ORDER BY seq) AS before_us FROM event) "
    "WHERE accept_time_us < before_us ORDER BY seq LIMIT 1";

constexpr char kRecordedEarlierSql[] =
    "SELECT attempt_seq FROM (SELECT attempt_seq, recorded_ticks, "
    "lag(recorded_ticks, 1, (SELECT last_recorded_ticks FROM segment)) "
    "OVER (ORDER BY attempt_seq) AS before_ticks FROM attempt) "
    "WHERE recorded_ticks <= before_ticks ORDER BY attempt_seq LIMIT 1";

// 36,000,000,000: kTicksPerHour.
constexpr char kHoursNotNotedSql[] =
    "SELECT count(*) FROM (SELECT DISTINCT tenant_uid, "
    "recorded_ticks / 36000000000 FROM attempt "
    "EXCEPT SELECT tenant_uid, hour FROM recorded_hour)";

constexpr char kLastAttemptedSql[] =
    "SELECT coalesce(max(event_seq), 0) FROM attempt";

constexpr char kEndingsSql[] =
    "SELECT subscription_uid, sum(state = 5), sum(state = 6), sum(state = 7), "
    "sum(state BETWEEN 4 AND 7) FROM delivery_exception "
    "WHERE carried = 0 GROUP BY subscription_uid";

constexpr char kChecksumSql[] = "SELECT index_checksum FROM seal";
constexpr char kPageChecksumSql[] = "SELECT checksum FROM page_checksum";

constexpr char kDimensionsSql[] =
    "SELECT DISTINCT dimension FROM index_block ORDER BY dimension";

constexpr char kBlocksSql[] =
    "SELECT first_key, first_order, first_row, postings FROM index_block "
    "WHERE dimension = ? ORDER BY first_key, first_order, first_row";

constexpr char kAttemptsOfEventsSql[] =
    "SELECT attempt_seq, event_seq FROM attempt ORDER BY attempt_seq";

std::string NameOf(Dimension dimension) {
  switch (dimension) {
    case Dimension::kEventById:
      return "events by id";
    case Dimension::kEventsOfTenant:
      return "events by tenant";
    case Dimension::kEventsOfAsset:
      return "events by asset";
    case Dimension::kEventsOfType:
      return "events by object type";
    case Dimension::kEventsOfSubscription:
      return "events by subscription";
    case Dimension::kAttemptsOfTenant:
      return "attempts by tenant";
    case Dimension::kAttemptsOfSubscription:
      return "attempts by subscription";
    case Dimension::kAttemptsOfAsset:
      return "attempts by asset";
    case Dimension::kAttemptsOfType:
      return "attempts by object type";
    case Dimension::kAttemptsOfTopic:
      return "attempts by topic";
    case Dimension::kFailedAttemptsOfTenant:
      return "failed attempts by tenant";
    case Dimension::kAttemptsOfDelivery:
      return "attempts by delivery";
    case Dimension::kSuccessesOfTenant:
      return "successes by tenant";
    case Dimension::kDeliveriesOfTopic:
      return "deliveries by topic";
    case Dimension::kExceptionsOfTenant:
      return "exceptions by tenant";
  }
  return absl::StrCat("dimension ", static_cast<int>(dimension));
}

bool NeedsEvent(Dimension dimension) {
  return dimension == Dimension::kAttemptsOfAsset ||
         dimension == Dimension::kAttemptsOfType;
}

bool SameTally(const SubscriptionTally& a, const SubscriptionTally& b) {
  return a.events == b.events && a.successes == b.successes &&
         a.parked == b.parked && a.expired == b.expired &&
         a.discarded == b.discarded &&
         a.attempted_seqs.first == b.attempted_seqs.first &&
         a.attempted_seqs.last == b.attempted_seqs.last;
}

// All checks of one segment.
class Checker {
 public:
  Checker(Database& db, const std::string& path, const FindEvent& find_event,
          SegmentCheck& check)
      : db_(db), path_(path), find_event_(find_event), check_(check) {}

  // An error: it could not be read on.
  absl::Status Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t version,
                              db_.QueryInt64("PRAGMA user_version"));
    if (version == 0) return absl::OkStatus();
    if (version != kSegmentSchemaVersion) {
      Find(absl::StrCat("schema version ", version, "; this program knows ",
                        kSegmentSchemaVersion),
           "only the program that wrote it can check and read it");
      return absl::OkStatus();
    }
    // What is in a WAL makes the file longer only later.
    if (!HasWal(path_)) MQTTPUSH_RETURN_IF_ERROR(CheckSize(db_, path_));
    MQTTPUSH_RETURN_IF_ERROR(CheckIntegrity(db_));
    auto opened = ReadSegment(db_, check_.number, path_);
    if (absl::IsNotFound(opened.status())) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(opened.status());
    const Segment& segment = *opened->segment;
    check_.began = true;
    check_.sealed = segment.sealed();
    check_.first_event_seq = segment.first_event_seq;
    check_.first_attempt_seq = segment.first_attempt_seq;
    MQTTPUSH_ASSIGN_OR_RETURN(const bool dense, CheckNumbers());
    if (!dense) return absl::OkStatus();
    MemoryIndex index(segment.first_event_seq, segment.first_attempt_seq);
    MQTTPUSH_RETURN_IF_ERROR(Count(segment, index));
    if (!check_.sealed) return absl::OkStatus();
    CompareSummary(segment.summary);
    MQTTPUSH_RETURN_IF_ERROR(CheckPageChecksum());
    MQTTPUSH_RETURN_IF_ERROR(CheckChecksum());
    return CompareIndex(index, *segment.filter);
  }

 private:
  void Find(std::string what, std::string follows) {
    check_.findings.push_back(
        {check_.file, std::move(what), std::move(follows)});
  }

  absl::StatusOr<bool> CheckNumbers() {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const bool events,
        CheckDense(kEventNumbersSql, "events", check_.first_event_seq));
    MQTTPUSH_ASSIGN_OR_RETURN(
        const bool attempts,
        CheckDense(kAttemptNumbersSql, "attempts", check_.first_attempt_seq));
    return events && attempts;
  }
  absl::StatusOr<bool> CheckDense(const char* sql, absl::string_view rows,
                                  int64_t first) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(sql));
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row || select.Int64(0) == 0) return true;
    const int64_t count = select.Int64(0);
    const int64_t lowest = select.Int64(1);
    const int64_t highest = select.Int64(2);
    if (lowest == first && highest == first + count - 1) return true;
    Find(absl::StrCat("holds ", count, " ", rows, " from ", lowest, " to ",
                      highest, ", and begins with ", first,
                      ": the numbers are not without a gap"),
         "rows are missing or foreign; its index cannot be compared");
    return false;
  }

  // Makes `index` of the rows, and the summary of that.
  absl::Status Count(const Segment& segment, MemoryIndex& index) {
    const auto find_event = [this](int64_t seq) {
      auto found = find_event_(seq);
      if (found.ok() && !found->has_value()) unknown_events_.insert(seq);
      return found;
    };
    MQTTPUSH_RETURN_IF_ERROR(LoadIndex(db_, segment, find_event, index));
    check_.summary = index.Summary();
    MQTTPUSH_ASSIGN_OR_RETURN(Statement endings, db_.Prepare(kEndingsSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, endings.Step());
      if (!row) break;
      SubscriptionTally& tally = check_.summary.tallies[endings.Int64(0)];
      tally.parked = endings.Int64(1);
      tally.expired = endings.Int64(2);
      tally.discarded = endings.Int64(3);
      check_.exceptions += endings.Int64(4);
    }
    check_.counted = true;
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t earlier,
                              db_.QueryInt64(kAcceptedEarlierSql));
    if (earlier != 0) {
      Find(absl::StrCat("event ", earlier,
                        " was accepted before the one in front of it"),
           "the history by time may miss events");
    }
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t attempted,
                              db_.QueryInt64(kLastAttemptedSql));
    if (attempted > check_.summary.last_event_seq) {
      Find(absl::StrCat("has an attempt at event ", attempted,
                        ", after its last event ",
                        check_.summary.last_event_seq),
           "events are missing that were sent");
    }
    return CheckRecorded();
  }

  absl::Status CheckRecorded() {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t earlier,
                              db_.QueryInt64(kRecordedEarlierSql));
    if (earlier != 0) {
      Find(absl::StrCat("attempt ", earlier,
                        " was not recorded later than the one in front of it"),
           "who reads results from a time on may miss some");
    }
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t hours,
                              db_.QueryInt64(kHoursNotNotedSql));
    if (hours != 0) {
      Find(absl::StrCat("does not name ", hours,
                        " hours in which attempts were recorded"),
           "who reads results by hours misses them");
    }
    return absl::OkStatus();
  }

  void CompareSummary(const SegmentSummary& stated) {
    const SegmentSummary& counted = check_.summary;
    const auto compare = [&](absl::string_view what, int64_t said,
                             int64_t found) {
      if (said == found) return;
      Find(absl::StrCat("its seal says ", said, " for ", what, ", its rows ",
                        found),
           "the history may pass it by");
    };
    compare("the last event", stated.last_event_seq, counted.last_event_seq);
    compare("the last attempt", stated.last_attempt_seq,
            counted.last_attempt_seq);
    const std::pair<const char*, Range SegmentSummary::*> kRanges[] = {
        {"accept times", &SegmentSummary::accept_times_us},
        {"start times", &SegmentSummary::start_times_us},
        {"attempted events", &SegmentSummary::attempted_seqs},
        {"exceptions' events", &SegmentSummary::exception_seqs}};
    for (const auto& [name, range] : kRanges) {
      compare(absl::StrCat("the first of its ", name), (stated.*range).first,
              (counted.*range).first);
      compare(absl::StrCat("the last of its ", name), (stated.*range).last,
              (counted.*range).last);
    }
    std::set<int64_t> uids;
    for (const auto& [uid, tally] : stated.tallies) uids.insert(uid);
    for (const auto& [uid, tally] : counted.tallies) uids.insert(uid);
    for (int64_t uid : uids) {
      const SubscriptionTally& a = stated.TallyOf(uid);
      const SubscriptionTally& b = counted.TallyOf(uid);
      if (SameTally(a, b)) continue;
      Find(absl::StrCat("its tally of subscription uid ", uid, " says ",
                        a.events, " events, ", a.successes, " successes, ",
                        a.parked + a.expired + a.discarded,
                        " endings; its rows ", b.events, ", ", b.successes,
                        ", ", b.parked + b.expired + b.discarded),
           kMiscounts);
    }
  }

  absl::Status CheckPageChecksum() {
    if (HasWal(path_)) return absl::OkStatus();  // the file is not all of it
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t stated,
                              db_.QueryInt64(kPageChecksumSql));
    const absl::StatusOr<int64_t> counted = PageChecksum(db_, path_);
    // Retention may have dropped it meanwhile.
    if (!counted.ok() && FileSize(path_) == 0) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(counted.status());
    if (stated == *counted) return absl::OkStatus();
    Find("the checksum of its pages is wrong",
         "something in it was changed after it was sealed, be it a payload");
    return absl::OkStatus();
  }

  absl::Status CheckChecksum() {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t stated,
                              db_.QueryInt64(kChecksumSql));
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t counted, IndexChecksum(db_));
    if (stated == counted) return absl::OkStatus();
    Find("the checksum of its index is wrong",
         "the index was changed after it was sealed");
    return absl::OkStatus();
  }

  absl::Status CompareIndex(const MemoryIndex& index, const KeyFilter& filter) {
    std::set<Dimension> dimensions;
    for (Dimension dimension : index.Dimensions()) dimensions.insert(dimension);
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kDimensionsSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      dimensions.insert(static_cast<Dimension>(select.Int(0)));
    }
    const std::vector<Dimension> made = index.Dimensions();
    MQTTPUSH_RETURN_IF_ERROR(FindUnknownAttempts());
    for (Dimension dimension : dimensions) {
      std::vector<KeyedPosting> expected;
      if (std::binary_search(made.begin(), made.end(), dimension)) {
        expected = index.Sorted(dimension);
      }
      if (Segment::Filtered(dimension)) {
        CheckFilter(dimension, expected, filter);
      }
      auto found = ReadPostings(dimension);
      if (absl::IsDataLoss(found.status())) {
        Find(absl::StrCat("its index of ", NameOf(dimension),
                          " cannot be read: ", found.status().message()),
             kNotFound);
        continue;
      }
      MQTTPUSH_RETURN_IF_ERROR(found.status());
      ComparePostings(dimension, expected, *found);
    }
    return absl::OkStatus();
  }

  // Their events were dropped after the segment was sealed: the index knows the
  // events' assets and types, and nobody else does.
  absl::Status FindUnknownAttempts() {
    if (unknown_events_.empty()) return absl::OkStatus();
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select,
                              db_.Prepare(kAttemptsOfEventsSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return absl::OkStatus();
      if (unknown_events_.contains(select.Int64(1))) {
        unknown_attempts_.insert(select.Int64(0));
      }
    }
  }

  absl::StatusOr<std::vector<KeyedPosting>> ReadPostings(Dimension dimension) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kBlocksSql));
    select.Bind(0, static_cast<int>(dimension));
    std::vector<KeyedPosting> postings;
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return postings;
      const KeyedPosting first = {select.Int64(0),
                                  {select.Int64(1), select.Int64(2)}};
      MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<KeyedPosting> block,
                                UnpackPostings(first, select.Bytes(3)));
      if (block.empty() || block.front() != first) {
        return absl::DataLossError("a block does not begin with its name");
      }
      for (const KeyedPosting& posting : block) {
        if (NeedsEvent(dimension) &&
            unknown_attempts_.contains(posting.posting.row)) {
          continue;
        }
        postings.push_back(posting);
      }
    }
  }

  void ComparePostings(Dimension dimension,
                       const std::vector<KeyedPosting>& expected,
                       const std::vector<KeyedPosting>& found) {
    if (!std::is_sorted(found.begin(), found.end())) {
      Find(absl::StrCat("its index of ", NameOf(dimension), " is not in order"),
           kNotFound);
      return;
    }
    std::vector<KeyedPosting> missing;
    std::set_difference(expected.begin(), expected.end(), found.begin(),
                        found.end(), std::back_inserter(missing));
    std::vector<KeyedPosting> stray;
    std::set_difference(found.begin(), found.end(), expected.begin(),
                        expected.end(), std::back_inserter(stray));
    if (!missing.empty()) {
      Find(
          absl::StrCat("its index of ", NameOf(dimension), " does not lead to ",
                       missing.size(), " rows, the first of them ",
                       missing.front().posting.row),
          kNotFound);
    }
    if (!stray.empty()) {
      Find(absl::StrCat("its index of ", NameOf(dimension), " has ",
                        stray.size(),
                        " postings without such a row, the first "
                        "of row ",
                        stray.front().posting.row),
           "what the history shows by it may be wrong");
    }
  }

  void CheckFilter(Dimension dimension,
                   const std::vector<KeyedPosting>& postings,
                   const KeyFilter& filter) {
    const auto missing = std::count_if(
        postings.begin(), postings.end(), [&](const KeyedPosting& posting) {
          return !filter.MayContain(dimension, posting.key);
        });
    if (missing == 0) return;
    Find(absl::StrCat("its key filter denies ", missing, " of the ",
                      NameOf(dimension)),
         kRepeats);
  }

  Database& db_;
  const std::string& path_;
  const FindEvent& find_event_;
  SegmentCheck& check_;
  absl::flat_hash_set<int64_t> unknown_events_;
  absl::flat_hash_set<int64_t> unknown_attempts_;
};

}  // namespace

void CheckSegment(Database& db, const std::string& path,
                  const FindEvent& find_event, SegmentCheck& check) {
  check.bytes = FileSize(path) + FileSize(path + "-wal");
  const absl::Status status = Checker(db, path, find_event, check).Run();
  if (status.ok()) return;
  check.findings.push_back(
      {check.file, std::string(status.message()), kDamaged});
}

}  // namespace mqttpush
