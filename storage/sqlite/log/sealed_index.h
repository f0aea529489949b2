// SealedIndex: the index of a sealed segment, in its file.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SEALED_INDEX_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SEALED_INDEX_H_

#include "storage/sqlite/log/posting_index.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Thread-compatible, as its reader.
class SealedIndex : public PostingIndex {
 public:
  // `reader` reads the segment and must outlive the index.
  explicit SealedIndex(Reader* reader) : reader_(reader) {}

  absl::StatusOr<std::vector<Posting>> Before(Dimension dimension, int64_t key,
                                              Posting before,
                                              size_t limit) override;
  absl::StatusOr<std::vector<Posting>> After(Dimension dimension, int64_t key,
                                             Posting after,
                                             size_t limit) override;

 private:
  // Where to begin so that no posting at or after `wanted` is missed.
  absl::StatusOr<KeyedPosting> FirstOfBlockAt(Dimension dimension,
                                              const KeyedPosting& wanted);

  Reader* const reader_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SEALED_INDEX_H_
