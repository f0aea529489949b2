// PostingCursor: the postings of one key over all segments, the last one first.
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
  PostingCursor(ReadSession* session, const PostingQuery& query);

  // nullopt: there are no more.
  absl::StatusOr<std::optional<FoundPosting>> Next();

 private:
  // A segment with what is known of its next posting.
  struct Source {
    Posting next;  // or, while nothing was read, what it cannot come after
    const Segment* segment = nullptr;
    std::vector<Posting> read;  // the last one first
    size_t at = 0;
    bool operator<(const Source& other) const { return next < other.next; }
  };
  static constexpr size_t kFirstRead = 32;
  static constexpr size_t kNextRead = 256;

  // False: nothing is left in it.
  absl::StatusOr<bool> Refill(Source& source);

  ReadSession* const session_;
  const PostingQuery query_;
  // The next source to take from; false: there is none.
  bool TakeNextSource(Source& source);
  void GiveBack(Source source);

  std::vector<Source> sources_;  // a heap
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_CURSOR_H_
