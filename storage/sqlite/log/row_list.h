// RowList: the rows of one key in the order of their postings, appended in
// about that order.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ROW_LIST_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ROW_LIST_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "storage/sqlite/log/posting.h"

namespace mqttpush {

// Four bytes a row: what a row's posting is, the owner of the list knows, and
// passes as `posting_of` (uint32_t -> Posting), always the same. What comes out
// of order waits at the end until it is sorted in by the next read, so that
// adding costs the same whatever the clock does. Thread-compatible.
class RowList {
 public:
  template <typename PostingOf>
  void Add(uint32_t row, PostingOf posting_of) {
    const bool in_order =
        rows_.empty() || posting_of(rows_.back()) < posting_of(row);
    if (settled_ == rows_.size() && in_order) ++settled_;
    rows_.push_back(row);
  }

  // As PostingIndex::Before.
  template <typename PostingOf>
  std::vector<Posting> Before(Posting before, size_t limit,
                              PostingOf posting_of) {
    Settle(posting_of);
    std::vector<Posting> found;
    auto at = LowerBound(before, posting_of);
    while (at != rows_.begin() && found.size() < limit) {
      found.push_back(posting_of(*--at));
    }
    return found;
  }

  // As PostingIndex::After.
  template <typename PostingOf>
  std::vector<Posting> After(Posting after, size_t limit,
                             PostingOf posting_of) {
    Settle(posting_of);
    std::vector<Posting> found;
    auto at = LowerBound(after, posting_of);
    if (at != rows_.end() && posting_of(*at) == after) ++at;
    for (; at != rows_.end() && found.size() < limit; ++at) {
      found.push_back(posting_of(*at));
    }
    return found;
  }

  // As they lie. A read that sorts them changes `settled`, and no other does
  // once nothing is added any more.
  const std::vector<uint32_t>& rows() const { return rows_; }
  size_t settled() const { return settled_; }

 private:
  template <typename PostingOf>
  std::vector<uint32_t>::iterator LowerBound(Posting posting,
                                             PostingOf posting_of) {
    return std::partition_point(rows_.begin(), rows_.end(), [&](uint32_t row) {
      return posting_of(row) < posting;
    });
  }

  template <typename PostingOf>
  void Settle(PostingOf posting_of) {
    if (settled_ == rows_.size()) return;
    const auto less = [&](uint32_t a, uint32_t b) {
      return posting_of(a) < posting_of(b);
    };
    const auto late = rows_.begin() + settled_;
    std::sort(late, rows_.end(), less);
    const auto first_moved = std::upper_bound(rows_.begin(), late, *late, less);
    std::inplace_merge(first_moved, late, rows_.end(), less);
    settled_ = rows_.size();
  }

  std::vector<uint32_t> rows_;
  size_t settled_ = 0;  // so many at the front are in order
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ROW_LIST_H_
