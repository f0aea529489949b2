// PostingCursor: the postings of one key over all segments, the last one first
// or the first one first.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_CURSOR_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_CURSOR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/log/posting.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {

// Which part of a dimension to walk over.
struct PostingQuery {
  Dimension dimension = Dimension::kEventsOfTenant;
  int64_t key = 0;
  Posting before = kLastPosting;  // exclusive
  int64_t oldest_order = 0;       // inclusive
};

// Which posting comes first.
enum class Direction { kNewestFirst, kOldestFirst };

// Where a posting was found.
struct FoundPosting {
  const Segment* segment = nullptr;
  Posting posting;
};

// Looks into a segment only when all that comes before what it may hold has
// been given out. Thread-compatible.
class PostingCursor {
 public:
  // `session` must outlive it.
  PostingCursor(ReadSession* session, const PostingQuery& query,
                Direction direction = Direction::kNewestFirst);

  // nullopt: there are no more.
  absl::StatusOr<std::optional<FoundPosting>> Next();

 private:
  // A segment with what is known of its next posting.
  struct Source {
    Posting next;  // or, while nothing was read, what it cannot come before
    const Segment* segment = nullptr;
    std::vector<Posting> read;  // in the direction
    size_t at = 0;
  };
  static constexpr size_t kFirstRead = 32;
  static constexpr size_t kNextRead = 256;

  // What no posting with these orders, and asked for, comes before.
  Posting BeginOf(const Range& orders) const;
  // False: nothing is left in it.
  absl::StatusOr<bool> Refill(Source& source);
  // The next source to take from; false: there is none.
  bool TakeNextSource(Source& source);
  void GiveBack(Source source);
  // Whether the turn of `a` comes after that of `b`.
  bool IsLater(const Source& a, const Source& b) const;

  ReadSession* const session_;
  const PostingQuery query_;
  const bool oldest_first_;
  std::vector<Source> sources_;  // a heap
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_CURSOR_H_
