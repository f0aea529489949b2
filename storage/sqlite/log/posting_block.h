// How postings lie in a sealed segment: sorted, in blocks of kBlockBytes, each
// packed as differences to the one before.
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

// SQLite keeps a row of so many bytes beside others in a page of 4 KiB; a
// longer one would get pages of its own.
inline constexpr size_t kBlockBytes = 900;
// A posting takes 3 bytes at the least.
inline constexpr size_t kMostPostingsPerBlock = kBlockBytes / 3;

// Packs as many of `postings` as a block holds, and takes them off its front.
// It is sorted and not empty; its first one names the block.
std::string PackBlock(absl::Span<const KeyedPosting>& postings);

// DATA_LOSS when `packed` is nothing that PackBlock makes.
absl::StatusOr<std::vector<KeyedPosting>> UnpackPostings(
    const KeyedPosting& first, absl::string_view packed);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_POSTING_BLOCK_H_
