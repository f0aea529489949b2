#include "storage/sqlite/log/segment_opening.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/segment_writer.h"

namespace mqttpush {
namespace {

// Rows that go into an index together.
constexpr size_t kRowsPerAdd = 1000;

constexpr char kSelectBeginningSql[] =
    "SELECT first_event_seq, first_attempt_seq, create_time_us, "
    "last_accept_time_us FROM segment";

constexpr char kSelectSealSql[] =
    "SELECT last_event_seq, last_attempt_seq, first_accept_time_us, "
    "last_accept_time_us, first_start_time_us, last_start_time_us, "
    "first_attempted_seq, last_attempted_seq, first_exception_seq, "
    "last_exception_seq FROM seal "
    "WHERE EXISTS (SELECT id FROM page_checksum)";

// By far the most of what a segment says of itself.
constexpr char kSelectFilterSql[] = "SELECT key_filter FROM seal";

constexpr char kSelectTalliesSql[] =
    "SELECT " MQTTPUSH_TALLY_COLUMNS
    ", first_attempted_seq, last_attempted_seq FROM subscription_tally";

constexpr char kSelectEventsSql[] =
    "SELECT seq, tenant_uid, event_id, object_type, asset_id, accept_time_us, "
    "subscription_uids, length(payload) FROM event ORDER BY seq";

constexpr char kSelectAttemptsSql[] =
    "SELECT attempt_seq, tenant_uid, subscription_uid, event_seq, "
    "start_time_us, succeeded, topic FROM attempt ORDER BY attempt_seq";

constexpr char kLastRecordedTicksSql[] =
    "SELECT coalesce((SELECT recorded_ticks FROM attempt "
    "ORDER BY attempt_seq DESC LIMIT 1), last_recorded_ticks) FROM segment";

constexpr char kSelectExceptionSeqsSql[] =
    "SELECT tenant_uid, event_seq, subscription_uid FROM delivery_exception";

constexpr char kSelectSubscriptionsSql[] =
    "SELECT " MQTTPUSH_SUBSCRIPTION_COLUMNS " FROM subscription";

constexpr char kSelectExceptionsSql[] =
    "SELECT " MQTTPUSH_EXCEPTION_COLUMNS " FROM delivery_exception";

constexpr char kSelectAttemptedSql[] =
    "SELECT subscription_uid, event_seq, attempt_count, delivered "
    "FROM attempted_event";

constexpr char kSelectOutcomesSql[] =
    "SELECT subscription_uid, event_seq, number, succeeded, error_class "
    "FROM attempt ORDER BY attempt_seq";

// Every page of it, but for what only an index could tell.
absl::Status CheckPages(Database& db, const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement check,
                            db.Prepare("PRAGMA quick_check(1)"));
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, check.Step());
  if (row && check.Bytes(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, ": ", row ? check.Text(0) : "no answer"));
}

absl::Status ReadTallies(Database& db, SegmentSummary& summary) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectTalliesSql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    SubscriptionTally& tally = summary.tallies[select.Int64(0)];
    tally = ReadTallyCounts(select);
    tally.attempted_seqs = {select.Int64(6), select.Int64(7)};
  }
}

absl::Status ReadFilter(Database& db, Segment& segment) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectFilterSql));
  MQTTPUSH_RETURN_IF_ERROR(select.Step().status());
  MQTTPUSH_ASSIGN_OR_RETURN(KeyFilter filter,
                            KeyFilter::FromBytes(select.Bytes(0)));
  segment.filter = std::make_shared<const KeyFilter>(std::move(filter));
  return absl::OkStatus();
}

// False: it is not sealed.
absl::StatusOr<bool> ReadSeal(Database& db, absl::Time filter_since,
                              Segment& segment) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectSealSql));
  MQTTPUSH_ASSIGN_OR_RETURN(const bool sealed, select.Step());
  if (!sealed) return false;
  SegmentSummary& summary = segment.summary;
  summary.last_event_seq = select.Int64(0);
  summary.last_attempt_seq = select.Int64(1);
  summary.accept_times_us = {select.Int64(2), select.Int64(3)};
  summary.start_times_us = {select.Int64(4), select.Int64(5)};
  summary.attempted_seqs = {select.Int64(6), select.Int64(7)};
  summary.exception_seqs = {select.Int64(8), select.Int64(9)};
  MQTTPUSH_RETURN_IF_ERROR(ReadTallies(db, summary));
  if (segment.AcceptedSince(filter_since)) {
    MQTTPUSH_RETURN_IF_ERROR(ReadFilter(db, segment));
  }
  return true;
}

// Calls `take` with every row.
template <typename Take>
absl::Status ForEachRow(Database& db, const char* sql, Take take) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(sql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    take(select);
  }
}

IndexedEvent ReadIndexedEvent(const Statement& row) {
  const int64_t tenant_uid = row.Int64(1);
  return {.seq = row.Int64(0),
          .tenant_uid = tenant_uid,
          .id_key = TextKey(tenant_uid, row.Bytes(2)),
          .facts = {.asset_key = TextKey(tenant_uid, row.Bytes(4)),
                    .type = static_cast<ObjectType>(row.Int(3)),
                    .accept_time_us = row.Int64(5),
                    .payload_bytes = row.Int64(7)},
          .subscription_uids = DecodeSubscriptionUids(row.Bytes(6))};
}

IndexedAttempt ReadIndexedAttempt(const Statement& row) {
  const int64_t tenant_uid = row.Int64(1);
  return {.attempt_seq = row.Int64(0),
          .tenant_uid = tenant_uid,
          .subscription_uid = row.Int64(2),
          .event_seq = row.Int64(3),
          .start_time_us = row.Int64(4),
          .succeeded = row.Bool(5),
          .topic_key = TextKey(tenant_uid, row.Bytes(6))};
}

}  // namespace

absl::Status CheckVersion(int64_t version, const std::string& path) {
  if (version == kSegmentSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, " is of schema version ", version, ", and this program reads ",
      kSegmentSchemaVersion, ": run the program that wrote it"));
}

absl::Status CheckSize(Database& db, const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t pages,
                            db.QueryInt64("PRAGMA page_count"));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t page_size,
                            db.QueryInt64("PRAGMA page_size"));
  const int64_t size = FileSize(path);
  if (size == pages * page_size) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, " has ", size, " bytes, not ", pages * page_size));
}

absl::Status CheckAllPages(const Segment& segment) {
  if (!segment.sealed()) return absl::OkStatus();  // was checked as it opened
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  return CheckPages(db, segment.path);
}

absl::StatusOr<OpenedSegment> OpenSegment(int64_t number,
                                          const std::string& path,
                                          absl::Time filter_since) {
  if (HasWal(path)) {
    MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                              Database::Open(path, Database::Mode::kReadWrite));
    MQTTPUSH_RETURN_IF_ERROR(db.Checkpoint());
  }
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kImmutable));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t version,
                            db.QueryInt64("PRAGMA user_version"));
  if (version == 0) return absl::NotFoundError("no segment began");
  MQTTPUSH_RETURN_IF_ERROR(CheckVersion(version, path));
  MQTTPUSH_RETURN_IF_ERROR(CheckSize(db, path));
  MQTTPUSH_ASSIGN_OR_RETURN(OpenedSegment opened,
                            ReadSegment(db, number, path, filter_since));
  if (!opened.segment->sealed()) {
    MQTTPUSH_RETURN_IF_ERROR(CheckPages(db, path));
    // What no check of pages finds: a schema that has changed its words.
    MQTTPUSH_RETURN_IF_ERROR(SegmentWriter::Resume(path).status());
  }
  return opened;
}

absl::StatusOr<OpenedSegment> ReadSegment(Database& db, int64_t number,
                                          const std::string& path,
                                          absl::Time filter_since) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement beginning,
                            db.Prepare(kSelectBeginningSql));
  MQTTPUSH_ASSIGN_OR_RETURN(const bool began, beginning.Step());
  if (!began) return absl::NotFoundError("no segment began");
  auto segment = std::make_shared<Segment>();
  segment->number = number;
  segment->path = path;
  segment->first_event_seq = beginning.Int64(0);
  segment->first_attempt_seq = beginning.Int64(1);
  segment->create_time = beginning.Time(2);
  segment->bytes = FileSize(path);
  absl::Time last_accept_time = beginning.Time(3);
  beginning.Reset();
  MQTTPUSH_ASSIGN_OR_RETURN(const bool sealed,
                            ReadSeal(db, filter_since, *segment));
  if (!sealed) {
    segment->memory = std::make_shared<MemoryIndex>(segment->first_event_seq,
                                                    segment->first_attempt_seq);
  } else if (!segment->summary.accept_times_us.empty()) {
    last_accept_time =
        absl::FromUnixMicros(segment->summary.accept_times_us.last);
  }
  return OpenedSegment{segment, last_accept_time};
}

absl::Status LoadIndex(const Segment& segment, const FindEvent& find_event) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  return LoadIndex(db, segment, find_event, *segment.memory);
}

absl::Status LoadIndex(Database& db, const Segment& segment,
                       const FindEvent& find_event, MemoryIndex& index) {
  IndexedRows rows;
  int64_t next_event_seq = segment.first_event_seq;
  int64_t next_attempt_seq = segment.first_attempt_seq;
  absl::Status unread;    // an event that could not be looked for
  int64_t misplaced = 0;  // rows whose number does not follow the one before
  const auto add = [&](size_t size) {
    if (size < kRowsPerAdd) return;
    index.Add(rows);
    rows = {};
  };
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectEventsSql, [&](const Statement& row) {
        IndexedEvent event = ReadIndexedEvent(row);
        if (event.seq != next_event_seq++) return void(++misplaced);
        rows.events.push_back(std::move(event));
        add(rows.events.size());
      }));
  index.Add(rows);
  rows = {};
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectAttemptsSql, [&](const Statement& row) {
        IndexedAttempt attempt = ReadIndexedAttempt(row);
        if (attempt.attempt_seq != next_attempt_seq++) {
          return void(++misplaced);
        }
        attempt.event = index.FindEvent(attempt.event_seq);
        if (!attempt.event.has_value()) {
          absl::StatusOr<std::optional<EventFacts>> found =
              find_event(attempt.event_seq);
          unread.Update(found.status());
          if (found.ok()) attempt.event = *found;
        }
        rows.attempts.push_back(std::move(attempt));
        add(rows.attempts.size());
      }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectExceptionSeqsSql, [&](const Statement& row) {
        // Those it began with are of older events, and are most of these.
        rows.exceptions.push_back(
            {.tenant_uid = row.Int64(0),
             .event_seq = row.Int64(1),
             .subscription_uid = row.Int64(2),
             .carried = row.Int64(1) < segment.first_event_seq});
      }));
  index.Add(rows);
  MQTTPUSH_RETURN_IF_ERROR(unread);
  if (misplaced == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      segment.path, ": ", misplaced, " rows do not follow the ones before"));
}

absl::StatusOr<DroppedSegments> ReadDropped(const Segment& segment) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  return ReadDropped(db);
}

absl::StatusOr<DroppedSegments> ReadDropped(Database& db) {
  DroppedSegments dropped;
  MQTTPUSH_RETURN_IF_ERROR(ForEachRow(
      db, "SELECT number FROM dropped_segment ORDER BY number",
      [&](const Statement& row) { dropped.numbers.push_back(row.Int64(0)); }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kDroppedTalliesSql, [&](const Statement& row) {
        dropped.tallies[row.Int64(0)] = ReadTallyCounts(row);
      }));
  return dropped;
}

absl::StatusOr<int64_t> ReadLastRecordedTicks(const Segment& segment) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  return db.QueryInt64(kLastRecordedTicksSql);
}

absl::Status ReadStates(const Segment& segment, SubscriptionStates& states) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db, Database::Open(segment.path, Database::Mode::kImmutable));
  return ReadStates(db, states);
}

absl::Status ReadStates(Database& db, SubscriptionStates& states) {
  MQTTPUSH_RETURN_IF_ERROR(ForEachRow(
      db, kSelectSubscriptionsSql,
      [&](const Statement& row) { states.Put(ReadSubscriptionColumns(row)); }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectExceptionsSql, [&](const Statement& row) {
        states.PutException(row.Int64(2), ReadExceptionColumns(row));
      }));
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(db, kSelectAttemptedSql, [&](const Statement& row) {
        states.PutAttempted(row.Int64(0),
                            {row.Int64(1), row.Int(2), row.Bool(3)});
      }));
  return ForEachRow(db, kSelectOutcomesSql, [&](const Statement& row) {
    const bool rejected =
        static_cast<ErrorClass>(row.Int(4)) == ErrorClass::kRejected;
    states.PutAttempted(row.Int64(0), {row.Int64(1), row.Int(2), row.Bool(3)},
                        row.Bool(3) || rejected);
  });
}

}  // namespace mqttpush
