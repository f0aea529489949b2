#include "storage/sqlite/log/segment_sealing.h"

#include <xxhash.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/page_checksum.h"
#include "storage/sqlite/log/posting_block.h"
#include "storage/sqlite/log/stats_rows.h"

namespace mqttpush {
namespace {

constexpr char kInsertBlockSql[] =
    "INSERT INTO index_block (dimension, first_key, first_order, first_row, "
    "postings) VALUES (?, ?, ?, ?, ?)";

constexpr char kSelectBlocksSql[] =
    "SELECT dimension, first_key, first_order, first_row, postings "
    "FROM index_block "
    "ORDER BY dimension, first_key, first_order, first_row";

constexpr char kSelectEndingsSql[] =
    "SELECT subscription_uid, sum(state = 5), sum(state = 6), sum(state = 7) "
    "FROM delivery_exception WHERE carried = 0 GROUP BY subscription_uid";

// What an earlier try left that could not empty the WAL.
constexpr char kDeleteSealSql[] =
    "DELETE FROM subscription_tally; DELETE FROM stats_hour; "
    "DELETE FROM seal";

constexpr char kInsertTallySql[] =
    "INSERT INTO subscription_tally (" MQTTPUSH_TALLY_COLUMNS
    ", first_attempted_seq, last_attempted_seq) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

constexpr char kInsertSealSql[] =
    "INSERT INTO seal (id, last_event_seq, last_attempt_seq, "
    "first_accept_time_us, last_accept_time_us, first_start_time_us, "
    "last_start_time_us, first_attempted_seq, last_attempted_seq, "
    "first_exception_seq, last_exception_seq, index_checksum, key_filter) "
    "VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

// Of all blocks in their order.
class BlockChecksum {
 public:
  BlockChecksum() { XXH3_64bits_reset(state_.get()); }
  void Add(int dimension, const KeyedPosting& first,
           absl::string_view postings) {
    const int64_t name[] = {dimension, first.key, first.posting.order,
                            first.posting.row};
    XXH3_64bits_update(state_.get(), name, sizeof name);
    XXH3_64bits_update(state_.get(), postings.data(), postings.size());
  }
  int64_t Sum() const {
    return static_cast<int64_t>(XXH3_64bits_digest(state_.get()));
  }

 private:
  struct Freer {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Freer> state_{XXH3_createState()};
};

size_t CountKeys(const std::vector<KeyedPosting>& postings) {
  size_t keys = 0;
  for (size_t i = 0; i < postings.size(); ++i) {
    if (i == 0 || postings[i].key != postings[i - 1].key) ++keys;
  }
  return keys;
}

// One dimension in one transaction, in place of what an earlier try left.
absl::Status WriteDimension(Database& db, Dimension dimension,
                            absl::Span<const KeyedPosting> postings,
                            BlockChecksum& checksum) {
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db));
  MQTTPUSH_RETURN_IF_ERROR(
      db.Execute(absl::StrCat("DELETE FROM index_block WHERE dimension = ",
                              static_cast<int>(dimension))));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement insert, db.Prepare(kInsertBlockSql));
  while (!postings.empty()) {
    const KeyedPosting first = postings.front();
    const std::string packed = PackBlock(postings);
    checksum.Add(static_cast<int>(dimension), first, packed);
    insert.Bind(0, static_cast<int>(dimension))
        .Bind(1, first.key)
        .Bind(2, first.posting.order)
        .Bind(3, first.posting.row)
        .BindBlob(4, packed);
    MQTTPUSH_RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

absl::Status AddEndings(Database& db, SegmentSummary& summary) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectEndingsSql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    SubscriptionTally& tally = summary.tallies[select.Int64(0)];
    tally.parked = select.Int64(1);
    tally.expired = select.Int64(2);
    tally.discarded = select.Int64(3);
  }
}

absl::Status WriteSeal(Database& db, const SegmentSummary& summary,
                       int64_t checksum, const KeyFilter& filter) {
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db));
  MQTTPUSH_RETURN_IF_ERROR(db.Execute(kDeleteSealSql));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement tally, db.Prepare(kInsertTallySql));
  for (const auto& [uid, part] : summary.tallies) {
    BindTallyCounts(uid, part, &tally);
    tally.Bind(6, part.attempted_seqs.first).Bind(7, part.attempted_seqs.last);
    MQTTPUSH_RETURN_IF_ERROR(tally.Run());
  }
  MQTTPUSH_RETURN_IF_ERROR(db.Execute(FillHoursSql()));
  const std::string bits = filter.Bytes();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement seal, db.Prepare(kInsertSealSql));
  seal.Bind(0, summary.last_event_seq).Bind(1, summary.last_attempt_seq);
  int parameter = 2;
  for (const Range& range : {summary.accept_times_us, summary.start_times_us,
                             summary.attempted_seqs, summary.exception_seqs}) {
    seal.Bind(parameter, range.first).Bind(parameter + 1, range.last);
    parameter += 2;
  }
  seal.Bind(10, checksum).BindBlob(11, bits);
  MQTTPUSH_RETURN_IF_ERROR(seal.Run());
  return transaction.Commit();
}

// What is about to be sealed must be what is on the disk.
absl::Status CheckLastSeqs(Database& db, const Segment& segment,
                           const SegmentSummary& summary) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      const int64_t event,
      db.QueryInt64(absl::StrCat("SELECT coalesce(max(seq), ",
                                 segment.first_event_seq - 1, ") FROM event")));
  MQTTPUSH_ASSIGN_OR_RETURN(
      const int64_t attempt,
      db.QueryInt64(absl::StrCat("SELECT coalesce(max(attempt_seq), ",
                                 segment.first_attempt_seq - 1,
                                 ") FROM attempt")));
  if (event == summary.last_event_seq && attempt == summary.last_attempt_seq) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("segment ", segment.number, " ends with event ", event,
                   " and attempt ", attempt, ", its index with ",
                   summary.last_event_seq, " and ", summary.last_attempt_seq));
}

}  // namespace

absl::StatusOr<SegmentPtr> SealSegment(const Segment& segment, Database db) {
  // Nothing that is durable depends on it before the checkpoint.
  MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA synchronous=NORMAL"));
  MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA wal_autocheckpoint=0"));
  // An earlier try may have come to its end, but for the emptying of the WAL.
  MQTTPUSH_RETURN_IF_ERROR(db.Execute("DELETE FROM page_checksum"));
  auto sealed = std::make_shared<Segment>(segment);
  sealed->memory = nullptr;
  sealed->summary = segment.memory->Summary();
  MQTTPUSH_RETURN_IF_ERROR(CheckLastSeqs(db, segment, sealed->summary));
  MQTTPUSH_RETURN_IF_ERROR(AddEndings(db, sealed->summary));
  const std::vector<Dimension> dimensions = segment.memory->Dimensions();
  BlockChecksum checksum;
  std::vector<uint64_t> keys;  // their hashes
  for (Dimension dimension : dimensions) {
    const std::vector<KeyedPosting> postings =
        segment.memory->Sorted(dimension);
    MQTTPUSH_RETURN_IF_ERROR(WriteDimension(db, dimension, postings, checksum));
    if (!Segment::Filtered(dimension)) continue;
    keys.reserve(keys.size() + CountKeys(postings));
    for (size_t i = 0; i < postings.size(); ++i) {
      if (i > 0 && postings[i].key == postings[i - 1].key) continue;
      keys.push_back(KeyFilter::HashOf(dimension, postings[i].key));
    }
  }
  auto filter = std::make_shared<KeyFilter>(keys.size());
  for (uint64_t key : keys) filter->Add(key);
  sealed->filter = filter;
  MQTTPUSH_RETURN_IF_ERROR(
      WriteSeal(db, sealed->summary, checksum.Sum(), *filter));
  MQTTPUSH_RETURN_IF_ERROR(db.Execute("PRAGMA synchronous=FULL"));
  MQTTPUSH_RETURN_IF_ERROR(db.Checkpoint());
  MQTTPUSH_RETURN_IF_ERROR(WritePageChecksum(db, segment.path));
  sealed->bytes = FileSize(segment.path);
  return sealed;
}

absl::StatusOr<int64_t> IndexChecksum(Database& db) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectBlocksSql));
  BlockChecksum checksum;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return checksum.Sum();
    checksum.Add(select.Int(0),
                 {select.Int64(1), {select.Int64(2), select.Int64(3)}},
                 select.Bytes(4));
  }
}

}  // namespace mqttpush
