// PostingIndex: the index of one segment, wherever it is.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_INDEX_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/log/posting.h"

namespace mqttpush {

class PostingIndex {
 public:
  virtual ~PostingIndex() = default;

  // At most `limit` (at least 1) postings of the key that come before `before`,
  // the last one first. Fewer than `limit`: there are no more.
  virtual absl::StatusOr<std::vector<Posting>> Before(Dimension dimension,
                                                      int64_t key,
                                                      Posting before,
                                                      size_t limit) = 0;
  // Those that come after `after`, the first one first.
  virtual absl::StatusOr<std::vector<Posting>> After(Dimension dimension,
                                                     int64_t key, Posting after,
                                                     size_t limit) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_INDEX_H_
