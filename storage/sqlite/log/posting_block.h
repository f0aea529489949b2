// How postings lie in a sealed segment: sorted, in blocks of kPostingsPerBlock,
// each packed as differences to the one before.
//
//   block   := posting* checksum
//   posting := key order row, each the signed difference to the one of the
//              posting before (of the first: to what names the block), as a
//              zigzag varint of protobuf's kind
//   checksum := 4 bytes, of the postings and of what names the block
//
// Pure functions.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_BLOCK_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_BLOCK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/sqlite/log/posting.h"

namespace mqttpush {

// A block is read whole for one posting of it: larger ones would make the log
// smaller and single look-ups slower.
inline constexpr size_t kPostingsPerBlock = 256;

// `postings` is sorted and not empty; its first one names the block.
std::string PackPostings(absl::Span<const KeyedPosting> postings);

// DATA_LOSS when `packed` is nothing that PackPostings makes.
absl::StatusOr<std::vector<KeyedPosting>> UnpackPostings(
    const KeyedPosting& first, absl::string_view packed);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_BLOCK_H_
