#include "storage/sqlite/log/sealed_index.h"

#include "common/status_macros.h"
#include "storage/sqlite/log/log_statements.h"
#include "storage/sqlite/log/posting_block.h"

namespace mqttpush {
namespace {

void BindPosition(Dimension dimension, const KeyedPosting& position,
                  Statement* select) {
  select->Bind(0, static_cast<int>(dimension))
      .Bind(1, position.key)
      .Bind(2, position.posting.order)
      .Bind(3, position.posting.row);
}

KeyedPosting ReadFirst(const Statement& row) {
  return {row.Int64(0), {row.Int64(1), row.Int64(2)}};
}

}  // namespace

absl::StatusOr<std::vector<Posting>> SealedIndex::Before(Dimension dimension,
                                                         int64_t key,
                                                         Posting before,
                                                         size_t limit) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader_->Get(kBlocksBeforeSql));
  StatementReset reset(select);
  BindPosition(dimension, {key, before}, select);
  std::vector<Posting> found;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return found;
    const KeyedPosting first = ReadFirst(*select);
    MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<KeyedPosting> block,
                              UnpackPostings(first, select->Bytes(3)));
    for (auto at = block.rbegin(); at != block.rend(); ++at) {
      if (*at >= KeyedPosting{key, before}) continue;
      if (at->key != key) return found;
      found.push_back(at->posting);
      if (found.size() == limit) return found;
    }
  }
}

absl::StatusOr<std::vector<Posting>> SealedIndex::After(Dimension dimension,
                                                        int64_t key,
                                                        Posting after,
                                                        size_t limit) {
  const KeyedPosting wanted = {key, after};
  MQTTPUSH_ASSIGN_OR_RETURN(const KeyedPosting from,
                            FirstOfBlockAt(dimension, wanted));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader_->Get(kBlocksFromSql));
  StatementReset reset(select);
  BindPosition(dimension, from, select);
  std::vector<Posting> found;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return found;
    const KeyedPosting first = ReadFirst(*select);
    MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<KeyedPosting> block,
                              UnpackPostings(first, select->Bytes(3)));
    for (const KeyedPosting& next : block) {
      if (next <= wanted) continue;
      if (next.key != key) return found;
      found.push_back(next.posting);
      if (found.size() == limit) return found;
    }
  }
}

absl::StatusOr<KeyedPosting> SealedIndex::FirstOfBlockAt(
    Dimension dimension, const KeyedPosting& wanted) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader_->Get(kBlockAtSql));
  StatementReset reset(select);
  BindPosition(dimension, wanted, select);
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
  return row ? ReadFirst(*select) : wanted;
}

}  // namespace mqttpush
